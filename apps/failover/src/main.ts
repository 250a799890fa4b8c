import { runService } from '@rackwright/service-host';
import { failoverDefinition } from './failover.definition.js';

await runService(failoverDefinition());
