import { CATALOGUE, SERVICES, type AnyDefinition, type ServiceName } from '@rackwright/contracts';
import type { ServiceMessages } from './permissions.js';

/** Describing things, and asking for what the gateway may ask for itself; changes of hardware go through a run. */
const ADMINISTRATION = /^(put|delete|register|set|refresh)-|^clear-former-holder$/;
const EVERYBODY_ELSE = ['inventory', 'network', 'storage-identity', 'power', 'failover', 'saga-coordinator'] as const;
const OWNERS = ['inventory', 'network', 'storage-identity', 'power'] as const;

type Kind = AnyDefinition['kind'];

function select(kind: Kind, services: readonly ServiceName[], name: RegExp = /./): AnyDefinition[] {
  return CATALOGUE.filter((each) => each.kind === kind && services.includes(each.service) && name.test(each.name));
}

function others(service: ServiceName): ServiceName[] {
  return SERVICES.filter((each) => each !== service);
}

/** Who says what to whom beside what each service owns: the table behind the allow-lists of the message server. */
const CONVERSATIONS: Readonly<Record<ServiceName, Omit<ServiceMessages, 'service' | 'definitions'>>> = {
  // The only way in from outside: administration of every owner, plans and runs, questions to all. It moves no hardware.
  gateway: {
    uses: [
      ...select('command', OWNERS, ADMINISTRATION),
      ...select('command', ['saga-coordinator', 'failover']),
      ...select('query', EVERYBODY_ELSE),
    ],
    listensTo: select('event', EVERYBODY_ELSE),
    readsEvents: true,
    discovers: true,
  },
  // Carries changes out: commands to every owner, administration left to the gateway. A profile is defined by a run.
  'saga-coordinator': {
    uses: [
      ...select('command', [...OWNERS, 'failover']).filter(({ name }) => !/^(put-(?!profile$)|register-)/.test(name)),
      ...select('query', [...OWNERS, 'failover']),
    ],
    listensTo: select('event', others('saga-coordinator')),
  },
  // Decides and asks; the coordinator carries it out.
  failover: {
    uses: [...select('command', ['saga-coordinator']), ...select('query', [...OWNERS, 'saga-coordinator'])],
    listensTo: select('event', others('failover')),
  },
  // Keeps the projection that lists and searches are answered from.
  inventory: {
    uses: select('query', ['network', 'storage-identity', 'power', 'saga-coordinator']),
    listensTo: select('event', others('inventory')),
  },
  network: ownerOfDevices(),
  'storage-identity': ownerOfDevices(),
  // Tells inventory what machine it found behind a BMC.
  power: {
    ...ownerOfDevices(),
    uses: [...select('query', ['inventory']), ...select('command', ['inventory'], /^register-server$/)],
  },
};

/** Owners of devices command nobody: they look things up in inventory and hear what changed there and in runs. */
function ownerOfDevices(): Omit<ServiceMessages, 'service' | 'definitions'> {
  return { uses: select('query', ['inventory']), listensTo: select('event', ['inventory', 'saga-coordinator']) };
}

/** What one service says and hears, from which messaging derives the subjects. */
export function messagesOf(service: ServiceName): ServiceMessages {
  return { service, definitions: CATALOGUE, ...CONVERSATIONS[service] };
}
