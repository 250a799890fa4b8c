import { runService } from '@rackwright/service-host';
import { storageIdentityDefinition } from './storage-identity.definition.js';

await runService(storageIdentityDefinition());
