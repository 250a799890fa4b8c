import { DriverController } from './driver-controller.js';
import { describeMove } from './move-story.js';
import { realRackMissing } from './rack/requirements.js';

describeMove('a real rack, moved by the drivers', {
  missing: await realRackMissing(),
  controller: (rack) => new DriverController(rack),
  plantFaults: true,
});
