import { Controller, Inject } from '@nestjs/common';
import { storageIdentity as storage, storageSealingKey, type InputOf } from '@rackwright/contracts';
import { DeviceStore } from '@rackwright/device-registry';
import { Answers, Handles, type CommandContext } from '@rackwright/messaging';
import { AccessService } from './access/access.service.js';
import { ArrayService } from './array/array.service.js';
import { FabricService } from './fabric/fabric.service.js';
import { InitiatorService } from './initiator/initiator.service.js';
import { STORAGE_READER, type StorageReader } from './storage-reader.js';
import { VolumeService } from './volume/volume.service.js';

/** Pools, fabrics, arrays, volumes and initiators. */
@Controller()
export class StorageDefinitionHandlers {
  constructor(
    private readonly initiators: InitiatorService,
    private readonly fabrics: FabricService,
    private readonly arrays: ArrayService,
    private readonly volumes: VolumeService,
    @Inject(STORAGE_READER) private readonly reader: StorageReader,
  ) {}

  @Handles(storage.putWwnPool)
  putWwnPool(input: InputOf<typeof storage.putWwnPool>, { tx }: CommandContext) {
    return this.initiators.putWwnPool(tx, input);
  }

  @Handles(storage.putIqnPool)
  putIqnPool(input: InputOf<typeof storage.putIqnPool>, { tx }: CommandContext) {
    return this.initiators.putIqnPool(tx, input);
  }

  @Handles(storage.putFabric)
  putFabric(input: InputOf<typeof storage.putFabric>, { tx }: CommandContext) {
    tx.afterCommit(() => this.reader.readFabricSoon(input.name));
    return this.fabrics.put(tx, input);
  }

  @Handles(storage.putArray)
  putArray(input: InputOf<typeof storage.putArray>, { tx }: CommandContext) {
    tx.afterCommit(() => this.reader.readArraySoon(input.name));
    return this.arrays.put(tx, input);
  }

  @Handles(storage.putVolume)
  putVolume(input: InputOf<typeof storage.putVolume>, { tx }: CommandContext) {
    return this.volumes.put(tx, input);
  }

  @Handles(storage.reserveInitiators)
  reserveInitiators(input: InputOf<typeof storage.reserveInitiators>, { tx }: CommandContext) {
    return this.initiators.reserve(tx, input);
  }

  @Handles(storage.releaseInitiators)
  releaseInitiators(input: InputOf<typeof storage.releaseInitiators>, { tx }: CommandContext) {
    return this.initiators.release(tx, input);
  }

  @Handles(storage.resolveInitiators)
  resolveInitiators(input: InputOf<typeof storage.resolveInitiators>, { tx }: CommandContext) {
    return this.initiators.resolve(tx, input.profileId);
  }
}

/** Work on fabrics and arrays: recorded here, carried on by device work. */
@Controller()
export class StorageWorkHandlers {
  constructor(private readonly access: AccessService) {}

  @Handles(storage.raiseStorageEpochs)
  raiseEpochs(input: InputOf<typeof storage.raiseStorageEpochs>, context: CommandContext) {
    return this.access.raise(context, input.guards);
  }

  @Handles(storage.confirmNoAccess)
  confirmNoAccess(input: InputOf<typeof storage.confirmNoAccess>) {
    return this.access.confirmNone(input.profileId);
  }

  @Handles(storage.ensureMasks)
  ensureMasks(input: InputOf<typeof storage.ensureMasks>, context: CommandContext) {
    return this.access.masks(context, 'ensure-masks', input);
  }

  @Handles(storage.removeMasks)
  removeMasks(input: InputOf<typeof storage.removeMasks>, context: CommandContext) {
    return this.access.masks(context, 'remove-masks', input);
  }

  @Handles(storage.ensureZones)
  ensureZones(input: InputOf<typeof storage.ensureZones>, context: CommandContext) {
    return this.access.zonesOf(context, 'ensure-zones', input);
  }

  @Handles(storage.removeZones)
  removeZones(input: InputOf<typeof storage.removeZones>, context: CommandContext) {
    return this.access.zonesOf(context, 'remove-zones', input);
  }

  @Handles(storage.checkAccess)
  checkAccess(input: InputOf<typeof storage.checkAccess>, context: CommandContext) {
    return this.access.access(context, 'check-access', input);
  }

  @Handles(storage.endSessions)
  endSessions(input: InputOf<typeof storage.endSessions>, context: CommandContext) {
    return this.access.access(context, 'end-sessions', input);
  }

  @Handles(storage.checkNoSession)
  checkNoSession(input: InputOf<typeof storage.checkNoSession>, context: CommandContext) {
    return this.access.access(context, 'check-no-session', input);
  }

  @Handles(storage.verifyLogins)
  verifyLogins(input: InputOf<typeof storage.verifyLogins>, context: CommandContext) {
    return this.access.logins(context, input);
  }

  @Handles(storage.closeSanPorts)
  closeSanPorts(input: InputOf<typeof storage.closeSanPorts>, context: CommandContext) {
    return this.access.sanPorts(context, 'close-san-ports', input);
  }

  @Handles(storage.openSanPorts)
  openSanPorts(input: InputOf<typeof storage.openSanPorts>, context: CommandContext) {
    return this.access.sanPorts(context, 'open-san-ports', input);
  }

  @Handles(storage.readSanPorts)
  readSanPorts(input: InputOf<typeof storage.readSanPorts>, context: CommandContext) {
    return this.access.sanPorts(context, 'read-san-ports', input);
  }
}

/** Questions. */
@Controller()
export class StorageQueryHandlers {
  constructor(
    private readonly initiators: InitiatorService,
    private readonly fabrics: FabricService,
    private readonly arrays: ArrayService,
    private readonly volumes: VolumeService,
    private readonly access: AccessService,
    private readonly devices: DeviceStore,
  ) {}

  @Answers(storageSealingKey)
  sealingKey() {
    return Promise.resolve({ publicKey: this.devices.publicKey });
  }

  @Answers(storage.listFabrics)
  listFabrics() {
    return this.fabrics.list();
  }

  @Answers(storage.listArrays)
  listArrays() {
    return this.arrays.list();
  }

  @Answers(storage.listVolumes)
  listVolumes(input: InputOf<typeof storage.listVolumes>) {
    return this.volumes.list(input);
  }

  @Answers(storage.listWwnPools)
  listWwnPools() {
    return this.initiators.listPools();
  }

  @Answers(storage.getInitiators)
  getInitiators(input: InputOf<typeof storage.getInitiators>) {
    return this.initiators.get(input.profileId);
  }

  @Answers(storage.previewInitiators)
  previewInitiators(input: InputOf<typeof storage.previewInitiators>) {
    return this.initiators.preview(input);
  }

  @Answers(storage.previewAccess)
  previewAccess(input: InputOf<typeof storage.previewAccess>) {
    return this.access.preview(input.profileId);
  }
}
