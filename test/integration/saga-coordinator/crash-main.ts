import { runService } from '@rackwright/service-host';
import { coordinatorWith } from '../../../apps/saga-coordinator/src/coordinator-with.js';
import { readCoordinatorConfig } from '../../../apps/saga-coordinator/src/coordinator.config.js';
import { smallBook } from './small-book.js';

// A coordinator as a process of its own, so that it can really be killed.
await runService(coordinatorWith(smallBook, readCoordinatorConfig()));
