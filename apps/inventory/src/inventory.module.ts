import { Module } from '@nestjs/common';
import { AssociationEndService } from './association/association-end.service.js';
import { AssociationService } from './association/association.service.js';
import { AssociationHandlers, DefinitionHandlers, InventoryQueryHandlers } from './inventory.handlers.js';
import { PlacementService } from './placement/placement.service.js';
import { ProfileQueries } from './profile/profile.queries.js';
import { ProfileRepository } from './profile/profile.repository.js';
import { ProfileService } from './profile/profile.service.js';
import { ServerQueries } from './server/server.queries.js';
import { ServerRepository } from './server/server.repository.js';
import { ServerService } from './server/server.service.js';
import { SiteService } from './site/site.service.js';

@Module({
  controllers: [DefinitionHandlers, AssociationHandlers, InventoryQueryHandlers],
  providers: [
    SiteService,
    ServerRepository,
    ServerService,
    ServerQueries,
    ProfileRepository,
    ProfileService,
    ProfileQueries,
    PlacementService,
    AssociationService,
    AssociationEndService,
  ],
})
export class InventoryModule {}
