import type { AdapterPortState } from '../../world/index.js';
import { ROOT, type Bmc } from './bmc.js';
import { adapterPortView, adapterView, chassisView, environmentView, managerView, powerView } from './chassis.js';
import {
  managerAttributesView,
  networkAttributesView,
  patchManagerAttributes,
  patchNetworkAttributes,
} from './dell-attributes.js';
import { deleteJob, jobView } from './dell-jobs.js';
import { functionView, patchSettings, settingsView } from './device-functions.js';
import {
  collection,
  NO_CONTENT,
  notFound,
  refuse,
  type RedfishAnswer,
  type RedfishBody,
  type RedfishRequest,
} from './redfish-answer.js';
import {
  eventServiceView,
  serviceRoot,
  sessionServiceView,
  sessionView,
  subscriptionView,
  taskServiceView,
} from './service-root.js';
import { bootOptionsView, patchSystem, processorView, resetActionInfo, resetSystem, systemView } from './system.js';

type Part = string;

/** What one URI takes; `view` is also what ETags are made of. */
export interface RedfishResource {
  readonly view?: () => RedfishBody | undefined;
  readonly get?: () => RedfishAnswer;
  readonly patch?: (body: RedfishBody) => RedfishAnswer;
  readonly post?: (body: RedfishBody) => RedfishAnswer;
  readonly remove?: () => RedfishAnswer;
}

type Route = readonly [pattern: string, make: (bmc: Bmc, ...parts: Part[]) => RedfishResource | undefined];

const SYSTEM_ROUTES: readonly Route[] = [
  ['/Systems', (bmc) => viewOf(() => collection(`${ROOT}/Systems`, 'ComputerSystem', [bmc.ids.system]))],
  ['/Systems/S', (bmc) => ({ view: () => systemView(bmc), patch: (body) => patchSystem(bmc, body) })],
  ['/Systems/S/ResetActionInfo', (bmc) => viewOf(() => resetActionInfo(bmc))],
  ['/Systems/S/Actions/ComputerSystem.Reset', (bmc) => ({ post: (body) => resetSystem(bmc, body) })],
  ['/Systems/S/BootOptions', (bmc) => viewOf(() => bootOptionsView(bmc))],
  ['/Systems/S/BootOptions/*', (bmc, id) => viewOf(() => bootOptionsView(bmc, id))],
  ['/Systems/S/Processors', (bmc) => viewOf(() => processorView(bmc))],
  ['/Systems/S/Processors/*', (bmc, id) => viewOf(() => processorView(bmc, id))],
  ['/Systems/S/Memory', (bmc) => viewOf(() => collection(`${bmc.systemPath}/Memory`, 'Memory', []))],
  [
    '/Systems/S/EthernetInterfaces',
    (bmc) => viewOf(() => collection(`${bmc.systemPath}/EthernetInterfaces`, 'EthernetInterface', [])),
  ],
  [
    '/Systems/S/NetworkAdapters/*/NetworkDeviceFunctions/*/Settings',
    (bmc, adapter, id) => settings(bmc, bmc.portOf(adapter ?? '', id ?? '')),
  ],
];

const CHASSIS_ROUTES: readonly Route[] = [
  ['/Chassis', (bmc) => viewOf(() => collection(`${ROOT}/Chassis`, 'Chassis', [bmc.ids.chassis]))],
  ['/Chassis/C', (bmc) => viewOf(() => chassisView(bmc))],
  ['/Chassis/C/Power', (bmc) => viewOf(() => powerView(bmc))],
  ['/Chassis/C/EnvironmentMetrics', (bmc) => viewOf(() => environmentView(bmc))],
  ['/Chassis/C/NetworkAdapters', (bmc) => viewOf(() => adapterView(bmc))],
  ['/Chassis/C/NetworkAdapters/*', (bmc, adapter) => viewOf(() => adapterView(bmc, adapter))],
  ['/Chassis/C/NetworkAdapters/*/Ports', (bmc, adapter) => viewOf(() => adapterPortView(bmc, adapter ?? ''))],
  ['/Chassis/C/NetworkAdapters/*/Ports/*', (bmc, adapter, id) => viewOf(() => adapterPortView(bmc, adapter ?? '', id))],
  [
    '/Chassis/C/NetworkAdapters/*/NetworkDeviceFunctions',
    (bmc, adapter) => viewOf(() => functionView(bmc, adapter ?? '')),
  ],
  [
    '/Chassis/C/NetworkAdapters/*/NetworkDeviceFunctions/*',
    (bmc, adapter, id) => viewOf(() => functionView(bmc, adapter ?? '', id)),
  ],
  [
    '/Chassis/C/NetworkAdapters/*/NetworkDeviceFunctions/*/Settings',
    (bmc, adapter, id) => settings(bmc, bmc.portOf(adapter ?? '', id ?? '')),
  ],
  [
    '/Chassis/C/NetworkAdapters/*/NetworkDeviceFunctions/*/Oem/Dell/DellNetworkAttributes/*',
    (bmc, adapter, id) => dellPort(bmc, adapter, id, (port) => viewOf(() => networkAttributesView(bmc, port, false))),
  ],
  [
    '/Chassis/C/NetworkAdapters/*/NetworkDeviceFunctions/*/Oem/Dell/DellNetworkAttributes/*/Settings',
    (bmc, adapter, id) =>
      dellPort(bmc, adapter, id, (port) => ({
        view: () => networkAttributesView(bmc, port, true),
        patch: (body) => patchNetworkAttributes(bmc, port, body),
      })),
  ],
];

const SERVICE_ROUTES: readonly Route[] = [
  ['', (bmc) => viewOf(() => serviceRoot(bmc))],
  ['/Managers', (bmc) => viewOf(() => collection(`${ROOT}/Managers`, 'Manager', [bmc.ids.manager]))],
  ['/Managers/M', (bmc) => viewOf(() => managerView(bmc))],
  [
    '/Managers/M/Oem/Dell/DellAttributes/M',
    (bmc) =>
      dellOnly(bmc, { view: () => managerAttributesView(bmc), patch: (body) => patchManagerAttributes(bmc, body) }),
  ],
  [
    '/Managers/M/Oem/Dell/Jobs',
    (bmc) =>
      dellOnly(
        bmc,
        viewOf(() => jobView(bmc)),
      ),
  ],
  [
    '/Managers/M/Oem/Dell/Jobs/*',
    (bmc, id) => dellOnly(bmc, { view: () => jobView(bmc, id), remove: () => deleteJob(bmc, id ?? '') }),
  ],
  ['/SessionService', (bmc) => viewOf(() => sessionServiceView(bmc))],
  ['/SessionService/Sessions', (bmc) => ({ view: () => sessionView(bmc), post: (body) => login(bmc, body) })],
  [
    '/SessionService/Sessions/*',
    (bmc, id) => ({ view: () => sessionView(bmc, id), remove: () => logout(bmc, id ?? '') }),
  ],
  ['/TaskService', () => viewOf(taskServiceView)],
  ['/TaskService/Tasks', (bmc) => viewOf(() => collection(`${ROOT}/TaskService/Tasks`, 'Task', bmc.tasks.ids()))],
  ['/TaskService/Tasks/*', (bmc, id) => viewOf(() => bmc.tasks.view(id ?? ''))],
  ['/TaskService/TaskMonitors/*', (bmc, id) => ({ get: () => bmc.tasks.monitor(id ?? '') })],
  ['/EventService', () => viewOf(eventServiceView)],
  [
    '/EventService/Subscriptions',
    (bmc) => ({ view: () => subscriptionView(bmc), post: (body) => subscribe(bmc, body) }),
  ],
  [
    '/EventService/Subscriptions/*',
    (bmc, id) => ({ view: () => subscriptionView(bmc, id), remove: () => unsubscribe(bmc, id ?? '') }),
  ],
];

const ROUTES = [...SERVICE_ROUTES, ...SYSTEM_ROUTES, ...CHASSIS_ROUTES].map(
  ([pattern, make]) => [pattern.split('/').slice(1), make] as const,
);

/** The resource at a path below `/redfish/v1`; undefined when there is none. */
export function resourceAt(bmc: Bmc, request: Pick<RedfishRequest, 'segments'>): RedfishResource | undefined {
  const path = request.segments.slice(2);
  const own: Readonly<Record<string, string>> = { S: bmc.ids.system, C: bmc.ids.chassis, M: bmc.ids.manager };
  for (const [pattern, make] of ROUTES) {
    if (pattern.length !== path.length) continue;
    if (pattern.every((part, index) => part === '*' || (own[part] ?? part) === path[index])) {
      return make(bmc, ...path.filter((_part, index) => pattern[index] === '*'));
    }
  }
  return undefined;
}

function viewOf(view: () => RedfishBody | undefined): RedfishResource {
  return { view };
}

function settings(bmc: Bmc, port: AdapterPortState | undefined): RedfishResource | undefined {
  return port && { view: () => settingsView(bmc, port), patch: (body) => patchSettings(bmc, port, body) };
}

function dellOnly(bmc: Bmc, resource: RedfishResource): RedfishResource | undefined {
  return bmc.flavour === 'dell' ? resource : undefined;
}

function dellPort(
  bmc: Bmc,
  adapter: string | undefined,
  id: string | undefined,
  make: (port: AdapterPortState) => RedfishResource,
): RedfishResource | undefined {
  const port = bmc.portOf(adapter ?? '', id ?? '');
  return port && bmc.model.identity === 'dell-oem' ? dellOnly(bmc, make(port)) : undefined;
}

function login(bmc: Bmc, body: RedfishBody): RedfishAnswer {
  const result = bmc.sessions.login(body['UserName'], body['Password']);
  if (result.ok) {
    const path = `${ROOT}/SessionService/Sessions/${result.id}`;
    return {
      status: 201,
      headers: { 'X-Auth-Token': result.token, Location: path },
      body: sessionView(bmc, result.id) ?? {},
    };
  }
  if (result.why === 'wrong') return refuse(401, 'Base.1.8.NoValidSession', 'The user name or password is wrong.');
  if (bmc.flavour === 'dell')
    return refuse(503, 'IDRAC.2.8.RAC0218', 'The maximum number of user sessions is reached.');
  return refuse(503, 'Base.1.8.SessionLimitExceeded', 'The session limit has been exceeded.');
}

function logout(bmc: Bmc, id: string): RedfishAnswer {
  return bmc.sessions.end(id) ? NO_CONTENT : notFound(`${ROOT}/SessionService/Sessions/${id}`);
}

function subscribe(bmc: Bmc, body: RedfishBody): RedfishAnswer {
  if (typeof body['Destination'] !== 'string')
    return refuse(400, 'Base.1.8.PropertyMissing', 'Destination is missing.');
  const id = bmc.newId();
  const { Destination, Context, EventFormatType } = body;
  bmc.subscriptions.set(id, { Name: 'Subscription', Destination, Context, EventFormatType, Protocol: 'Redfish' });
  return {
    status: 201,
    headers: { Location: `${ROOT}/EventService/Subscriptions/${id}` },
    body: subscriptionView(bmc, id) ?? {},
  };
}

function unsubscribe(bmc: Bmc, id: string): RedfishAnswer {
  return bmc.subscriptions.delete(id) ? NO_CONTENT : notFound(`${ROOT}/EventService/Subscriptions/${id}`);
}
