import { Controller } from '@nestjs/common';
import { inventory, power, type DataOf, type InputOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import { Answers, Handles, ListensTo, type CommandContext, type EventContext } from '@rackwright/messaging';
import { Database } from '@rackwright/persistence';
import { AssociationEndService } from './association/association-end.service.js';
import { AssociationService } from './association/association.service.js';
import { PlacementService } from './placement/placement.service.js';
import { ProfileQueries } from './profile/profile.queries.js';
import { ProfileService } from './profile/profile.service.js';
import { ServerQueries } from './server/server.queries.js';
import { ServerService } from './server/server.service.js';
import { SiteService } from './site/site.service.js';

/** The saga whose key a command carries; association commands make no sense without one. */
function sagaOf(context: CommandContext): string {
  if (!context.key) throw new AppError('inventory.saga-needed', 'association commands are sent by sagas only');
  return context.key.sagaId;
}

/** Definitions and servers: commands of operators and of the power service. */
@Controller()
export class DefinitionHandlers {
  constructor(
    private readonly sites: SiteService,
    private readonly servers: ServerService,
    private readonly profiles: ProfileService,
  ) {}

  @Handles(inventory.putSite)
  putSite(input: InputOf<typeof inventory.putSite>, { tx }: CommandContext) {
    return this.sites.putSite(tx, input);
  }

  @Handles(inventory.putServerPool)
  putServerPool(input: InputOf<typeof inventory.putServerPool>, { tx }: CommandContext) {
    return this.sites.putPool(tx, input);
  }

  @Handles(inventory.putServer)
  putServer(input: InputOf<typeof inventory.putServer>, { tx }: CommandContext) {
    return this.servers.putServer(tx, input);
  }

  @Handles(inventory.registerServer)
  registerServer(input: InputOf<typeof inventory.registerServer>, { tx }: CommandContext) {
    return this.servers.register(tx, input);
  }

  @Handles(inventory.setServerLifecycle)
  setServerLifecycle(input: InputOf<typeof inventory.setServerLifecycle>, { tx }: CommandContext) {
    return this.servers.setLifecycle(tx, input);
  }

  @ListensTo(power.powerRead)
  powerRead(data: DataOf<typeof power.powerRead>, { tx }: EventContext) {
    return this.servers.recordPower(tx, data.readings);
  }

  @Handles(inventory.putProfile)
  putProfile(input: InputOf<typeof inventory.putProfile>, { tx }: CommandContext) {
    return this.profiles.put(tx, input);
  }

  @Handles(inventory.activateProfile)
  activateProfile(input: InputOf<typeof inventory.activateProfile>, { tx }: CommandContext) {
    return this.profiles.activate(tx, input.profileId);
  }

  @Handles(inventory.withdrawProfile)
  withdrawProfile(input: InputOf<typeof inventory.withdrawProfile>, { tx }: CommandContext) {
    return this.profiles.withdraw(tx, input);
  }

  @Handles(inventory.deleteProfile)
  deleteProfile(input: InputOf<typeof inventory.deleteProfile>, { tx }: CommandContext) {
    return this.profiles.delete(tx, input.profileId);
  }
}

/** Association: commands of sagas only. */
@Controller()
export class AssociationHandlers {
  constructor(
    private readonly associations: AssociationService,
    private readonly ends: AssociationEndService,
  ) {}

  @Handles(inventory.beginAssociation)
  begin(input: InputOf<typeof inventory.beginAssociation>, context: CommandContext) {
    return this.associations.begin(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.raiseEpochs)
  raise(input: InputOf<typeof inventory.raiseEpochs>, context: CommandContext) {
    return this.associations.raise(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.recordFormerHolder)
  recordHolder(input: InputOf<typeof inventory.recordFormerHolder>, context: CommandContext) {
    return this.associations.recordHolder(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.clearFormerHolder)
  clearHolder(input: InputOf<typeof inventory.clearFormerHolder>, context: CommandContext) {
    return this.associations.clearHolder(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.checkAssociation)
  check(input: InputOf<typeof inventory.checkAssociation>, context: CommandContext) {
    return this.associations.check(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.commitAssociation)
  commit(input: InputOf<typeof inventory.commitAssociation>, context: CommandContext) {
    return this.ends.commit(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.endAssociation)
  end(input: InputOf<typeof inventory.endAssociation>, context: CommandContext) {
    return this.ends.end(context.tx, sagaOf(context), input);
  }

  @Handles(inventory.releaseAssociation)
  release(input: InputOf<typeof inventory.releaseAssociation>, context: CommandContext) {
    return this.ends.release(context.tx, sagaOf(context), input);
  }
}

/** Questions. */
@Controller()
export class InventoryQueryHandlers {
  constructor(
    private readonly database: Database,
    private readonly sites: SiteService,
    private readonly servers: ServerQueries,
    private readonly profiles: ProfileQueries,
    private readonly placement: PlacementService,
    private readonly associations: AssociationService,
  ) {}

  @Answers(inventory.listServers)
  listServers(input: InputOf<typeof inventory.listServers>) {
    return this.servers.list(input);
  }

  @Answers(inventory.getServer)
  getServer(input: InputOf<typeof inventory.getServer>) {
    return this.servers.get(input.server);
  }

  @Answers(inventory.listProfiles)
  listProfiles(input: InputOf<typeof inventory.listProfiles>) {
    return this.profiles.list(input);
  }

  @Answers(inventory.getProfile)
  getProfile(input: InputOf<typeof inventory.getProfile>) {
    return this.profiles.get(input.profile);
  }

  @Answers(inventory.listSites)
  listSites() {
    return this.sites.listSites();
  }

  @Answers(inventory.listServerPools)
  listServerPools() {
    return this.sites.listPools();
  }

  @Answers(inventory.placeProfile)
  placeProfile(input: InputOf<typeof inventory.placeProfile>) {
    return this.placement.place(input);
  }

  @Answers(inventory.previewAssociation)
  previewAssociation(input: InputOf<typeof inventory.previewAssociation>) {
    return this.database.transaction((tx) => this.associations.preview(tx, input));
  }

  @Answers(inventory.previewProfile)
  previewProfile(input: InputOf<typeof inventory.previewProfile>) {
    return this.profiles.preview(input);
  }
}
