import { describeMove } from './move-story.js';
import { ProductController, productMissing } from './product-controller.js';
import { realRackMissing } from './rack/requirements.js';

// The faults that turn the checks red were planted in the other story: the checks are the same.
describeMove('a real rack, moved by the product through its API', {
  missing: (await realRackMissing()) ?? productMissing(),
  controller: (rack) => new ProductController(rack),
  plantFaults: false,
});
