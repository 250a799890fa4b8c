import { runService } from '@rackwright/service-host';
import { inventoryDefinition } from './inventory.definition.js';

await runService(inventoryDefinition());
