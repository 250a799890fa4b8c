import { runService } from '@rackwright/service-host';
import { networkDefinition } from './network.definition.js';

await runService(networkDefinition());
