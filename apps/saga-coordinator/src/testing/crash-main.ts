import { runService } from '@rackwright/service-host';
import { coordinatorWith } from '../coordinator-with.js';
import { readCoordinatorConfig } from '../coordinator.config.js';
import { smallBook } from './small-book.js';

// A coordinator as a process of its own, so that it can really be killed.
await runService(coordinatorWith(smallBook, readCoordinatorConfig()));
