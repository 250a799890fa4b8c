import { runService } from '@rackwright/service-host';
import { gatewayDefinition } from './gateway.definition.js';

await runService(gatewayDefinition());
