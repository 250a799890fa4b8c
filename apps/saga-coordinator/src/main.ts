import { runService } from '@rackwright/service-host';
import { sagaCoordinatorDefinition } from './saga-coordinator.definition.js';

await runService(sagaCoordinatorDefinition());
