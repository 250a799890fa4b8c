import { inventory, network, power, storageIdentity as storage, type SagaServer } from '@rackwright/contracts';
import { none } from '@rackwright/saga';
import {
  begunOf,
  guardsOf,
  holder,
  holders,
  identityFor,
  profile,
  source,
  storageOf,
  target,
  vnicsOf,
  type AssociationView as View,
  type HolderView,
} from './association-view.js';
import { BOOT, DEVICE, QUICK } from './retries.js';
import {
  bootOf,
  epochOf,
  lanPorts,
  onServer,
  openLanPorts,
  openSanPorts,
  sanPorts,
  serverKey,
} from './saga-servers.js';

/**
 * The steps association sagas are made of, so that a cut is the same cut wherever it is made. A step that fences, cuts or
 * rechecks is `PROVEN`: only readings can declare it done, never a person.
 */
const PROVEN = { ...DEVICE, noMarkDone: true } as const;

export const READS = none('it only reads');
export const EPOCHS = none('epochs never go down');
export const CLOSED_RESTS = none('a closed port is how a free server rests');
export const OFF_RESTS = none('a free server rests off');
export const STAYS_CLEAN = none('an identity that is gone from a former holder stays gone');

/** Runs a step once for the source and each former holder. */
export const FOR_HOLDERS = { forEach: (view: View) => holders(view), itemKey: serverKey } as const;

/** Going back, a fenced source stays down (safety rule 11): only a person releases it, never a move that failed. */
export const UP_AGAIN = { when: (view: View) => source(view).quarantined !== true } as const;

type Who<V extends View> = (view: V) => SagaServer;
const named = <V extends View>(who: Who<V>, text: (name: string) => string) => ({
  summary: (view: V) => text(who(view).name),
});

export const raiseNetwork = {
  command: network.raiseNetworkEpochs,
  input: (view: View) => ({ guards: guardsOf(view) }),
  summary: 'end old calls to switches',
  ...PROVEN,
};
export const raiseStorage = {
  command: storage.raiseStorageEpochs,
  input: (view: View) => ({ guards: guardsOf(view) }),
  summary: 'end old calls to fabrics and arrays',
  ...PROVEN,
};
export const raisePower = {
  command: power.raisePowerEpochs,
  input: (view: View) => ({ guards: guardsOf(view) }),
  summary: 'end old calls to BMCs',
  ...PROVEN,
};

/** The turn's first step: what went before is void from here on. */
export const raiseAgain = {
  command: inventory.raiseEpochs,
  input: (view: View) => {
    const { target: onto, profile: of } = begunOf(view);
    const servers = [...(onto ? [onto] : []), ...holders(view)];
    return { serverIds: servers.map((server) => server.id), ...(of && { profileId: of.id }) };
  },
  raisesEpoch: epochOf,
  summary: 'raise the epochs for going back',
  ...QUICK,
};

export const resolveNetworks = {
  command: network.resolveVnics,
  input: (view: View) => ({ profileId: profile(view).id }),
  summary: 'look up the vNICs',
  ...QUICK,
};
export const resolveStorage = {
  command: storage.resolveInitiators,
  input: (view: View) => ({ profileId: profile(view).id }),
  summary: 'look up initiators and boot targets',
  onRefused: { 'no-boot-target': 'retry', '*': 'go-back' },
  ...QUICK,
} as const;

export function stop<V extends View>(
  who: Who<V>,
  how: { readonly graceMs?: (view: V) => number; readonly proof: 'one-reading' | 'two-readings' },
) {
  return {
    command: power.ensureOff,
    input: (view: V) => ({
      ...onServer(who(view), guardsOf(view)),
      graceMs: how.graceMs?.(view) ?? 0,
      proof: how.proof,
    }),
    ...named(who, (name) => `switch ${name} off and prove it`),
    ...PROVEN,
  };
}

export function closeLan<V extends View>(who: Who<V>) {
  return {
    command: network.closePorts,
    input: (view: V) => ({ serverId: who(view).id, ports: lanPorts(who(view)), guards: guardsOf(view) }),
    ...named(who, (name) => `close all LAN ports of ${name}`),
    ...PROVEN,
  };
}

export function closeSan<V extends View>(who: Who<V>) {
  return {
    command: storage.closeSanPorts,
    input: (view: V) => ({ serverId: who(view).id, ports: sanPorts(who(view)), guards: guardsOf(view) }),
    ...named(who, (name) => `close all SAN ports of ${name}`),
    ...PROVEN,
  };
}

/** Only after the ports are closed: applying it may need a power cycle. */
export function clearIdentity<V extends View>(who: Who<V>) {
  return {
    command: power.clearIdentity,
    input: (view: V) => ({ ...onServer(who(view), guardsOf(view)), portsClosed: true }),
    ...named(who, (name) => `take the identity off ${name}`),
    ...BOOT,
    noMarkDone: true,
  };
}

export const checkClean = {
  command: power.checkClean,
  input: (view: View) => onServer(target(view), guardsOf(view)),
  ...named(target, (name) => `prove that ${name} is off and carries no identity`),
  ...PROVEN,
};

export function noteHolder(who: Who<View>) {
  return {
    command: inventory.recordFormerHolder,
    input: (view: View) => ({ profileId: profile(view).id, serverId: who(view).id }),
    ...named(who, (name) => `note that ${name} may carry the identity from now on`),
    ...QUICK,
  };
}

export function programme(who: Who<View>) {
  return {
    command: power.programmeIdentity,
    input: (view: View) => ({
      ...onServer(who(view), guardsOf(view)),
      identity: identityFor(view, who(view)),
      boot: bootOf(storageOf(view)),
    }),
    ...named(who, (name) => `write identity and boot device into ${name}`),
    ...PROVEN,
  };
}

export const mask = {
  command: storage.ensureMasks,
  input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view) }),
  summary: 'give the LUNs to the initiators of the profile',
  ...DEVICE,
};
export const unmask = {
  command: storage.removeMasks,
  input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view) }),
  summary: 'take the LUNs away',
  ...DEVICE,
};

/** Fabric A first; B only when A is committed, so that one mistake never takes both paths. */
export const FOR_FABRICS = { forEach: (view: View) => profile(view).fabrics, atMost: 1 } as const;
type FabricView = View & { readonly item: string };
export const zone = {
  command: storage.ensureZones,
  input: (view: FabricView) => ({ profileId: profile(view).id, fabric: view.item, guards: guardsOf(view) }),
  summary: (view: FabricView) => `make the zones in fabric ${view.item}`,
  ...DEVICE,
};
export const unzone = {
  command: storage.removeZones,
  input: (view: FabricView) => ({ profileId: profile(view).id, fabric: view.item, guards: guardsOf(view) }),
  summary: (view: FabricView) => `take the zones in fabric ${view.item} away`,
  ...DEVICE,
};

export function checkAccess(expect: 'present' | 'absent') {
  return {
    command: storage.checkAccess,
    input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view), expect }),
    summary: `check that zones and masks are ${expect}`,
    ...PROVEN,
  };
}
export const endSessions = {
  command: storage.endSessions,
  input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view) }),
  summary: 'prove that no session is left',
  ...PROVEN,
};

// ---- everything read again, right before the ports are opened -------------------------------------------------------

export const recheckLocks = {
  command: inventory.checkAssociation,
  input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view) }),
  summary: 'check locks and epochs again',
  ...QUICK,
  noMarkDone: true,
};
export const recheckSessions = {
  command: storage.checkNoSession,
  input: (view: View) => ({ profileId: profile(view).id, guards: guardsOf(view) }),
  summary: 'check that nobody is logged in with this identity',
  ...PROVEN,
};

export function recheckProgrammed(who: Who<View>) {
  return {
    command: power.checkIdentity,
    input: (view: View) => ({
      ...onServer(who(view), guardsOf(view)),
      expect: { kind: 'programmed' as const, identity: identityFor(view, who(view)) },
    }),
    ...named(who, (name) => `check ${name} again: off, and with this identity`),
    ...PROVEN,
  };
}

export const recheckHolderClean = {
  command: power.checkIdentity,
  input: (view: HolderView) => ({ ...onServer(holder(view), guardsOf(view)), expect: { kind: 'clean' as const } }),
  ...named(holder, (name) => `check again that ${name} is off and clean`),
  ...PROVEN,
};

/** The ports of everybody who takes part must still be closed: those are the last lock. */
const everybody = (view: View): SagaServer[] => [...(begunOf(view).target ? [target(view)] : []), ...holders(view)];
const asClosed = <Port>(port: Port) => ({ ...port, expect: 'closed' as const });
export const recheckLan = {
  command: network.readPorts,
  input: (view: View) => ({
    serverId: (everybody(view)[0] as SagaServer).id,
    ports: everybody(view).flatMap(lanPorts).map(asClosed),
    guards: guardsOf(view),
  }),
  summary: 'check again that all LAN ports are closed',
  ...PROVEN,
};
export const recheckSan = {
  command: storage.readSanPorts,
  input: (view: View) => ({
    serverId: (everybody(view)[0] as SagaServer).id,
    ports: everybody(view).flatMap(sanPorts).map(asClosed),
    guards: guardsOf(view),
  }),
  summary: 'check again that all SAN ports are closed',
  ...PROVEN,
};

// ---- up again ------------------------------------------------------------------------------------------------------

export function openLan(who: Who<View>) {
  return {
    command: network.openPorts,
    input: (view: View) => ({
      serverId: who(view).id,
      ports: openLanPorts(who(view), vnicsOf(view)),
      guards: guardsOf(view),
    }),
    ...named(who, (name) => `open the LAN ports of ${name} with the VLANs of the profile`),
    ...DEVICE,
  };
}
export function openSan(who: Who<View>) {
  return {
    command: storage.openSanPorts,
    input: (view: View) => ({
      serverId: who(view).id,
      ports: openSanPorts(who(view)).map(({ device, port }) => ({ device, port })),
      guards: guardsOf(view),
    }),
    ...named(who, (name) => `open the SAN ports of ${name}`),
    ...DEVICE,
  };
}
export function powerOn(who: Who<View>) {
  return {
    command: power.ensureOn,
    input: (view: View) => onServer(who(view), guardsOf(view)),
    ...named(who, (name) => `switch ${name} on`),
    ...DEVICE,
  };
}
export function verifyBoot(who: Who<View>) {
  return {
    command: power.verifyBoot,
    input: (view: View) => ({ ...onServer(who(view), guardsOf(view)), identity: identityFor(view, who(view)) }),
    ...named(who, (name) => `wait until ${name} has booted under this identity`),
    ...BOOT,
  };
}
export function verifyLogins(who: Who<View>) {
  return {
    command: storage.verifyLogins,
    input: (view: View) => ({
      profileId: profile(view).id,
      serverId: who(view).id,
      sanPorts: openSanPorts(who(view)),
      guards: guardsOf(view),
    }),
    ...named(who, (name) => `wait until the initiators are logged in at ${name}`),
    ...BOOT,
  };
}

// ---- giving up: only when everybody who may carry the identity is proven inert ---------------------------------------

export const FOR_EVERYBODY = { forEach: everybody, itemKey: serverKey } as const;
export const proveOff = {
  command: power.checkIdentity,
  input: (view: HolderView) => ({ ...onServer(holder(view), guardsOf(view)), expect: { kind: 'off' as const } }),
  ...named(holder, (name) => `prove that ${name} is off`),
  ...PROVEN,
};
/** Nobody who took part is trusted again before a person looked: all of them are quarantined. */
export const releaseIntoQuarantine = {
  command: inventory.releaseAssociation,
  input: (view: View) => ({
    quarantine: everybody(view).map((server) => ({ serverId: server.id, reason: 'its run was abandoned' })),
  }),
  summary: 'give the locks back and quarantine every server that took part',
  ...QUICK,
};

export const release = {
  command: inventory.releaseAssociation,
  input: () => ({ quarantine: [] }),
  summary: 'give the locks back',
  ...QUICK,
};
export const UNDO_RESERVE = { command: inventory.releaseAssociation, input: () => ({ quarantine: [] }) };
export const RESERVE = {
  command: inventory.beginAssociation,
  raisesEpoch: epochOf,
  noMarkDone: true,
  undo: UNDO_RESERVE,
  ...QUICK,
} as const;
