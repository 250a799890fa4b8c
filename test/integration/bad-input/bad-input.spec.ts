import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BOOT_FROM_SAN, DescribedSite, document, SITE } from './described-site.js';
import type { Reply } from './reply.js';
import { StartAttempts } from './start-attempt.js';

let site: DescribedSite;
let starts: StartAttempts;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  opened.push((site = await DescribedSite.start()));
  opened.push((starts = await StartAttempts.prepare()));
}, 120_000);
afterAll(async () => {
  for (const each of opened.reverse()) await each.close();
});

/** Good documents that come along, to show that they are not taken either. */
const GOOD = document('Network', 'green', { vlan: 500 });
const profile = (spec: object): string => document('ServerProfile', 'new', { ...BOOT_FROM_SAN, ...spec });
const FOREIGN = '50:01:43:80:12:34:56:78';
const TYPO =
  '---\napiVersion: rackwright/v1\nkind: Network\nmetadata: { name: blue }\nspec:\n  vlan: 3\n  subent: 10.3.0.0/16\n';

interface BadInput {
  readonly what: string;
  readonly give: () => Promise<Reply>;
  readonly status: number;
  readonly codes?: readonly string[];
  readonly says: RegExp;
  /** How `line:column` of an error begins. */
  readonly place?: string;
  /** What became of the documents; nothing unless said. */
  readonly actions?: readonly string[];
}

/** To the API: what it says, and that no row of any service changed. */
const TO_THE_API: readonly BadInput[] = [
  {
    what: 'an unknown network',
    give: () => site.apply(GOOD + profile({ vnics: [{ name: 'eth0', native: 'nobody' }] })),
    status: 422,
    codes: ['invalid-documents', 'unknown-network'],
    says: /nobody/,
    place: '4:',
  },
  {
    what: 'a VLAN that is taken',
    give: () => site.apply(GOOD + document('Network', 'other', { vlan: 10 })),
    status: 422,
    codes: ['invalid-documents', 'vlan-taken'],
    says: /red/,
    place: '4:',
  },
  {
    what: 'a WWN outside of the pool',
    give: () => site.apply(GOOD + profile({ vhbas: [{ name: 'fc0', fabric: 'fabric-a', wwpn: FOREIGN }] })),
    status: 422,
    codes: ['invalid-documents', 'wwn-outside-pool'],
    says: new RegExp(`vHBA fc0: ${FOREIGN} lies in no pool`),
    place: '4:',
  },
  {
    what: 'a LUN in use: by another volume of the profile',
    give: () =>
      site.apply(
        GOOD +
          profile({
            volumes: [
              { volume: 'spare-1', lun: 0 },
              { volume: 'spare-2', lun: 0 },
            ],
          }),
      ),
    status: 422,
    codes: ['invalid-documents', 'lun-in-use'],
    says: /LUN 0 on array-1 is given to spare-1 and spare-2/,
    place: '4:',
  },
  {
    what: 'a LUN in use: by another profile',
    give: () => site.apply(GOOD + profile({ volumes: [{ volume: 'mail-boot', lun: 0 }] })),
    status: 422,
    codes: ['invalid-documents', 'volume-in-use'],
    says: /volume mail-boot belongs to profile mail/,
    place: '4:',
  },
  {
    what: 'an architecture mismatch',
    give: () => site.associate('web', 'power-1'),
    status: 409,
    codes: ['plan-blocked', 'not-qualified'],
    says: /power-1 does not qualify for web: it is ppc64, x86-64 is asked for/,
  },
  {
    what: 'a server assigned to another profile',
    give: () => site.associate('web', 'blade-1'),
    status: 409,
    codes: ['plan-blocked', 'server-not-available'],
    says: /blade-1 is assigned: another server profile is on it; migrate or disassociate that one first/,
  },
  {
    what: 'what was applied before',
    give: () => site.apply(SITE),
    status: 200,
    codes: [],
    says: /"results"/,
    actions: ['unchanged'],
  },
  {
    what: 'a typing error in YAML',
    give: () => site.apply(GOOD + TYPO),
    status: 422,
    codes: ['invalid-documents', 'unknown-field'],
    says: /subent/,
    place: '9:3',
  },
  {
    what: 'a body of 10 MB',
    give: () => site.applyTenMegabytes(),
    status: 413,
    codes: ['body-too-large'],
    says: /at most 1 MB/,
  },
];

/** To `npm start`: what it says, that no file changed and that nothing runs. */
const TO_START: readonly BadInput[] = [
  {
    what: 'a busy port',
    give: () => starts.onBusyPort(),
    status: 1,
    says: /^rackwright: port \d+ is in use by another program; stop it or choose another with --port\n$/,
  },
  {
    what: 'a missing database: none of this name',
    give: () => starts.onMissingDatabase(),
    status: 1,
    says: /^rackwright: the database that DATABASE_URL names cannot be used.*\n.*database "nobody_made_this" does not exist\n$/,
  },
  {
    what: 'a missing database: no server',
    give: () => starts.onMissingServer(),
    status: 1,
    says: /^rackwright: the database that DATABASE_URL names cannot be used.*\n.*cannot reach PostgreSQL at 127\.0\.0\.1:1\//,
  },
  {
    what: 'a Node that is too old',
    give: () => starts.onOldNode(),
    status: 1,
    says: /^Rackwright needs Node 20\.19\.0 or newer; this is Node 18\.20\.1\.\nInstall a current Node/,
  },
];

async function expectRefusal(given: BadInput, state: () => unknown): Promise<void> {
  const before = await state();
  const reply = await given.give();
  expect(reply.text).toMatch(given.says);
  const { status, codes = [], actions = [] } = given;
  expect(reply).toMatchObject({ status, codes, actions });
  if (given.place !== undefined) expect(reply.places).toContainEqual(expect.stringMatching(`^${given.place}`));
  expect(await state()).toEqual(before);
}

describe('bad input to the API is refused in clear words and changes nothing', () => {
  it.each(TO_THE_API)('$what', async (given) => {
    await expectRefusal(given, () => site.state());
  });

  it('while the same site takes what is good: the comparison can see a change', async () => {
    const before = await site.state();
    expect(await site.apply(GOOD)).toMatchObject({ status: 200, actions: ['create'] });
    expect(await site.state()).not.toEqual(before);
  });
});

describe('bad input to npm start is refused in clear words, changes no file and leaves nothing running', () => {
  it.each(TO_START)('$what', async (given) => {
    await expectRefusal(given, () => starts.state());
    expect(starts.state().running).toEqual([]);
  });
});
