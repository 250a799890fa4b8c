import { z } from 'zod';
import { defineEvent, defineQuery } from '../define.js';
import { evidenceList, isoTime, lunId, objectName, pageInput, pageOf, profileId, serverId, wwn } from '../schemas.js';
import { initiatorsSpec, putVolume, resolvedStorage } from './identities-and-devices.js';

const service = 'storage-identity' as const;

export const listFabrics = defineQuery({
  service,
  name: 'list-fabrics',
  summary: 'Fabrics with their last reading.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({
        name: objectName,
        driver: z.string(),
        address: z.string(),
        readAt: isoTime.optional(),
        configuration: z.string().optional(),
        zones: z.int().optional(),
        logins: z.int().optional(),
        problem: z.string().optional(),
      }),
    ),
  }),
});
export const listArrays = defineQuery({
  service,
  name: 'list-arrays',
  summary: 'Arrays with their last reading.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({
        name: objectName,
        driver: z.string(),
        address: z.string(),
        readAt: isoTime.optional(),
        volumes: z.int().optional(),
        hosts: z.int().optional(),
        problem: z.string().optional(),
      }),
    ),
  }),
});
export const listVolumes = defineQuery({
  service,
  name: 'list-volumes',
  summary: 'Volumes and who uses them.',
  input: z.strictObject(pageInput),
  result: pageOf(putVolume.input.extend({ profiles: z.array(objectName) })),
});
export const listWwnPools = defineQuery({
  service,
  name: 'list-wwn-pools',
  summary: 'WWN and IQN pools and how full they are.',
  input: z.strictObject({}),
  result: z.strictObject({
    items: z.array(
      z.strictObject({
        name: objectName,
        kind: z.enum(['wwn', 'iqn']),
        prefix: z.string(),
        assigned: z.int(),
        resting: z.int(),
      }),
    ),
  }),
});
export const getInitiators = defineQuery({
  service,
  name: 'get-initiators',
  summary: 'The reserved initiators of a profile.',
  input: z.strictObject({ profileId }),
  result: z.strictObject({ storage: resolvedStorage.optional() }),
});
export const previewInitiators = defineQuery({
  service,
  name: 'preview-initiators',
  summary: 'Whether reserve-initiators would accept this.',
  input: z.strictObject({ profile: objectName, spec: initiatorsSpec }),
  result: z.strictObject({
    problems: z.array(z.strictObject({ path: z.string(), code: z.string(), message: z.string() })),
  }),
});
/** What a plan has to say about zones and masks: nothing for a move. */
export const previewAccess = defineQuery({
  service,
  name: 'preview-access',
  summary: 'Which zones and masks a profile has, and would get or lose.',
  input: z.strictObject({ profileId }),
  result: z.strictObject({
    zones: z.array(z.strictObject({ fabric: objectName, name: z.string(), members: z.array(wwn) })),
    masks: z.array(
      z.strictObject({
        array: objectName,
        host: z.string(),
        luns: z.array(z.strictObject({ volume: objectName, lun: lunId })),
      }),
    ),
  }),
});

export const fabricChanged = defineEvent({
  service,
  name: 'fabric-changed',
  summary: 'A fabric transaction was committed.',
  data: z.strictObject({
    fabric: objectName,
    zonesAdded: z.array(z.string()),
    zonesRemoved: z.array(z.string()),
    profiles: z.array(z.string()),
  }),
});
export const masksChanged = defineEvent({
  service,
  name: 'masks-changed',
  summary: 'Host objects of a profile were changed on an array.',
  data: z.strictObject({ array: objectName, profileId, host: z.string(), removed: z.boolean() }),
});
export const sanPortsClosed = defineEvent({
  service,
  name: 'san-ports-closed',
  summary: 'Fibre Channel ports of a server were closed.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
export const sanPortsOpened = defineEvent({
  service,
  name: 'san-ports-opened',
  summary: 'Fibre Channel ports of a server were opened.',
  data: z.strictObject({ serverId, evidence: evidenceList }),
});
