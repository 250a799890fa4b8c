import { runService } from '@rackwright/service-host';
import { powerDefinition } from './power.definition.js';

await runService(powerDefinition());
