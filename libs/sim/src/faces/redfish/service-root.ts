import { ROOT, type Bmc } from './bmc.js';
import { collection, link, type RedfishBody } from './redfish-answer.js';

const VENDORS = { dell: 'Dell', hpe: 'HPE', generic: 'Contoso', openbmc: 'OpenBMC' } as const;
const OEM = { dell: { Dell: {} }, hpe: { Hpe: {} }, generic: {}, openbmc: {} } as const;

export function serviceRoot(bmc: Bmc): RedfishBody {
  return {
    '@odata.id': ROOT,
    '@odata.type': '#ServiceRoot.v1_15_0.ServiceRoot',
    Id: 'RootService',
    Name: 'Root Service',
    RedfishVersion: '1.17.0',
    UUID: bmc.server.permanentUuid.replace(/^.{8}/, 'b3c0ffee'),
    Vendor: VENDORS[bmc.flavour],
    Product: bmc.model.bmc.model,
    Systems: link(`${ROOT}/Systems`),
    Chassis: link(`${ROOT}/Chassis`),
    Managers: link(`${ROOT}/Managers`),
    Tasks: link(`${ROOT}/TaskService`),
    SessionService: link(`${ROOT}/SessionService`),
    EventService: link(`${ROOT}/EventService`),
    Links: { Sessions: link(`${ROOT}/SessionService/Sessions`) },
    Oem: OEM[bmc.flavour],
  };
}

export function sessionServiceView(bmc: Bmc): RedfishBody {
  return {
    '@odata.id': `${ROOT}/SessionService`,
    '@odata.type': '#SessionService.v1_1_9.SessionService',
    Id: 'SessionService',
    Name: 'Session Service',
    ServiceEnabled: true,
    SessionTimeout: bmc.model.sessions.timeoutMs / 1000,
    Sessions: link(`${ROOT}/SessionService/Sessions`),
  };
}

export function sessionView(bmc: Bmc, id?: string): RedfishBody | undefined {
  const path = `${ROOT}/SessionService/Sessions`;
  if (id === undefined) return collection(path, 'Session', bmc.sessions.ids());
  const user = bmc.sessions.userOf(id);
  return user === undefined
    ? undefined
    : {
        '@odata.id': `${path}/${id}`,
        '@odata.type': '#Session.v1_7_0.Session',
        Id: id,
        Name: 'User Session',
        UserName: user,
      };
}

export function taskServiceView(): RedfishBody {
  const path = `${ROOT}/TaskService`;
  return {
    '@odata.id': path,
    '@odata.type': '#TaskService.v1_2_1.TaskService',
    Id: 'TaskService',
    Name: 'Tasks',
    ServiceEnabled: true,
    Tasks: link(`${path}/Tasks`),
  };
}

export function eventServiceView(): RedfishBody {
  const path = `${ROOT}/EventService`;
  return {
    '@odata.id': path,
    '@odata.type': '#EventService.v1_10_0.EventService',
    Id: 'EventService',
    Name: 'Event Service',
    ServiceEnabled: true,
    DeliveryRetryAttempts: 3,
    DeliveryRetryIntervalSeconds: 60,
    EventFormatTypes: ['Event'],
    Subscriptions: link(`${path}/Subscriptions`),
  };
}

export function subscriptionView(bmc: Bmc, id?: string): RedfishBody | undefined {
  const path = `${ROOT}/EventService/Subscriptions`;
  if (id === undefined) return collection(path, 'EventDestination', [...bmc.subscriptions.keys()]);
  const found = bmc.subscriptions.get(id);
  return (
    found && {
      ...found,
      '@odata.id': `${path}/${id}`,
      '@odata.type': '#EventDestination.v1_14_0.EventDestination',
      Id: id,
    }
  );
}
