import { describe, expect, it } from '@jest/globals';
import { errorOfProblem } from '@rackwright/client';
import { aPlan, aProfile, aRun, aServer, aStep } from '@rackwright/client/testing';
import { diffText } from '../documents/diff-text.js';
import { eventText } from '../events/event-text.js';
import { EXIT, exitOfError, exitOfPlan, exitOfRun, failure } from '../exit-code.policy.js';
import { planText } from '../plans/plan-text.js';
import { profileText, serverText } from '../resources/describe-text.js';
import { runNews, runText } from '../runs/run-text.js';
import { statusText } from '../site/status.command.js';
import { errorText } from './error-text.js';
import { PLAIN } from './style.js';

const NOW = new Date('2026-01-01T08:00:05Z');

describe('what people read', () => {
  it('shows a plan by area, with marks and a tally', () => {
    expect(
      planText(
        aPlan({
          changes: [...aPlan().changes, { mark: '#', area: 'inventory', device: 'mail-1', text: 'belongs to blade-7' }],
        }),
        PLAIN,
      ),
    ).toBe(
      `Migrate mail-1 from blade-1 to blade-7
  plan pln_1, ready
  blade-1 -> blade-7

power
  ! blade-1: power off

switch
  ~ leaf-1: port 7 carries VLAN 20

inventory
  # mail-1: belongs to blade-7

Plan: 1 to change, 1 to reboot.
Reboots: blade-1.
Undo: possible until the profile belongs to blade-7
Takes about 1 min 35 s.
`,
    );
  });

  it('shows what blocks a plan', () => {
    const blockedBy = [{ code: 'profile-locked', message: 'another change of this profile is running' }];
    expect(planText(aPlan({ state: 'blocked', blockedBy, changes: [], reboots: [] }), PLAIN)).toContain(
      'It cannot run:\n  another change of this profile is running (profile-locked)\n\nPlan: nothing to change.',
    );
  });

  it('shows a diff with marks, counts what stays, and shows no password', () => {
    const text = diffText(
      [
        { kind: 'Network', name: 'mail', action: 'create', diff: [{ path: '/spec/vlan', after: 20 }] },
        {
          kind: 'Server',
          name: 'blade-1',
          action: 'update',
          diff: [
            { path: '/spec/pool', before: 'a', after: 'b' },
            { path: '/spec/rack', before: 'r1' },
            { path: '/spec/password', after: 'secret' },
          ],
        },
        { kind: 'Site', name: 'north', action: 'unchanged' },
        {
          kind: 'Network',
          name: 'bad',
          action: 'error',
          problems: [{ message: 'VLAN 20 is taken', line: 7, column: 3 }],
        },
      ],
      PLAIN,
    );
    expect(text).toBe(`+ Network mail
    + /spec/vlan: 20
~ Server blade-1
    ~ /spec/pool: "a" -> "b"
    - /spec/rack: "r1"
    + /spec/password: (not shown)
x Network bad
    x line 7, column 3: VLAN 20 is taken

Plan: 1 to create, 1 to change, 1 unchanged, 1 wrong.
`);
  });

  it('shows a run with marks, durations, attempts and why it waits', () => {
    const run = aRun('stuck', {
      reason: 'nobody can tell whether blade-1 is off',
      steps: [
        ...aRun('stuck').steps,
        aStep({
          step: 'fence',
          label: 'power blade-1 off',
          state: 'retrying',
          attempt: 3,
          startedAt: '2026-01-01T08:00:01Z',
          note: 'the BMC does not answer',
        }),
        aStep({ step: 'start', label: 'start blade-7', state: 'waiting' }),
        aStep({ step: 'close', label: 'open ports again', phase: 'undo', state: 'undone' }),
      ],
    });
    expect(runText(run, NOW, PLAIN)).toBe(`Migrate mail-1 to blade-7  stuck  5.0 s  run_1
  + reserve blade-7  850 ms
  ~ power blade-1 off  4.0 s  attempt 3  the BMC does not answer
  · start blade-7
  - open ports again  (undo)

nobody can tell whether blade-1 is off

  rackwright run retry run_1
  rackwright run mark-done run_1
  rackwright run abandon run_1
`);
  });

  it('tells a log only what has changed', () => {
    const first = aRun('running', { steps: [aStep({ state: 'running' }), aStep({ step: 'start', state: 'waiting' })] });
    const second = aRun('running', {
      steps: [aStep(), aStep({ step: 'start', label: 'start blade-7', state: 'running' })],
    });
    expect(runNews(undefined, first, NOW, PLAIN)).toEqual([
      'Migrate mail-1 to blade-7  running  5.0 s  run_1',
      '  running  > reserve blade-7',
    ]);
    expect(runNews(first, second, NOW, PLAIN)).toEqual(['  done     + reserve blade-7', '  running  > start blade-7']);
    expect(runNews(second, second, NOW, PLAIN)).toEqual([]);
  });

  it('shows an error as message, places, cause and what to do next', () => {
    const error = errorOfProblem(422, {
      code: 'invalid-documents',
      detail: 'one document is wrong',
      cause: 'VLAN 20 belongs to network mail',
      action: 'choose a free VLAN',
      errors: [{ pointer: '/0/spec/vlan', detail: 'taken', line: 7, column: 3 }],
    });
    expect(errorText(error, PLAIN)).toBe(`error: one document is wrong
  line 7, column 3: taken
  cause: VLAN 20 belongs to network mail
  next:  choose a free VLAN
`);
    expect(errorText(errorOfProblem(401, undefined), PLAIN)).toContain('next:  sign in: rackwright login');
  });

  it('describes a server with its cabling and what its BMC does not tell', () => {
    const server = aServer({
      ports: [
        {
          name: 'NIC.1',
          kind: 'ethernet',
          permanentMac: '02:00:00:00:00:01',
          linkUp: true,
          assignable: true,
          cabling: { device: 'leaf-1', port: 'eth7', source: 'lldp', confidence: 0.8 },
        },
        { name: 'FC.1', kind: 'fibre-channel', assignable: false },
      ],
      gaps: ['no power reading'],
    });
    const text = serverText(server, NOW, PLAIN);
    expect(text).toContain('NIC.1  ethernet  02:00:00:00:00:01  -> leaf-1 eth7 (lldp, 80 % sure), link up\n');
    expect(text).toContain('FC.1  fibre-channel  no address told  cabling not known, identity cannot be changed\n');
    expect(text).toMatch(/power: +off \(read 35 s ago, redfish\)/);
    expect(text).toContain('Not told by its BMC\n  no power reading\n');
  });

  it('describes a profile with its identities and where it could go', () => {
    const profile = aProfile({
      vnics: [{ name: 'eth0', mac: '02:aa:00:00:00:01', native: 'mail', nativeVlan: 20, tagged: ['backup'] }],
      storage: {
        vhbas: [{ name: 'hba0', fabric: 'a', wwpn: '20:00:00:25:b5:00:00:01', wwnn: '20:00:00:25:b5:00:00:00' }],
        volumes: [{ volume: 'mail-root', array: 'array3', lun: 0, boot: true }],
      },
      formerHolders: [{ server: 'blade-9', since: '2026-01-01T06:00:00Z' }],
    });
    const placement = {
      candidates: [{ serverId: 's7', server: 'blade-7', score: 1, why: ['enough memory'] }],
      rejected: [{ serverId: 's8', server: 'blade-8', reasons: [{ code: 'too-small', message: 'only 8 cores' }] }],
    };
    const text = profileText(profile, placement, NOW, PLAIN);
    expect(text).toContain('vNICs\n  eth0  02:aa:00:00:00:01  native mail (VLAN 20)  tagged backup\n');
    expect(text).toContain('hba0  a  WWPN 20:00:00:25:b5:00:00:01');
    expect(text).toContain('LUN 0  mail-root on array3  boot');
    expect(text).toContain('blade-9  since 2 h');
    expect(text).toContain('+ blade-7: enough memory\n  x blade-8: only 8 cores\n  1 of 2 servers qualify.');
  });

  it('shows an event on one line', () => {
    const body = { type: 'run-ended', time: '2026-01-01T08:01:35Z', data: { runId: 'run_1', state: 'done' } };
    expect(eventText({ id: 7, type: 'run-ended', data: body })).toBe(
      '7  2026-01-01T08:01:35Z  run-ended  runId=run_1  state=done',
    );
  });

  it('does not call zero what nobody answers for', () => {
    const services = [
      { name: 'gateway', healthy: true },
      { name: 'power', healthy: false, problem: 'no answer' },
      { name: 'failover' },
    ];
    const counts = { servers: { available: 3, assigned: null }, profiles: null, runs: { open: 1, stuck: 0 } };
    expect(statusText({ version: '0.1.0', services, counts, simulator: true }, 'http://x', PLAIN)).toBe(
      `Rackwright 0.1.0 at http://x  (simulated data centre)
  + gateway
  x power     no answer
  ? failover
servers: 3 available, ? assigned
profiles: ?
runs: 1 open, 0 stuck
`,
    );
  });
});

describe('exit codes', () => {
  it('follow the HTTP status, unless a rule said no', () => {
    const codes = [400, 401, 403, 404, 409, 412, 422, 500].map((status) => exitOfError(errorOfProblem(status, {})));
    expect(codes).toEqual([2, 1, 3, 1, 4, 4, 2, 1]);
    expect(exitOfError(errorOfProblem(422, { code: 'not-qualified' }))).toBe(EXIT.refused);
    expect(exitOfError(errorOfProblem(409, { code: 'past-no-return' }))).toBe(EXIT.refused);
    expect(exitOfError(failure(EXIT.usage, 'no'))).toBe(EXIT.usage);
    expect(exitOfError(new Error('bug'))).toBe(EXIT.failed);
  });

  it('tell how a run ended', () => {
    expect((['done', 'undone', 'stuck', 'running'] as const).map(exitOfRun)).toEqual([0, 5, 6, 7]);
  });

  it('tell a plan that somebody else is in the way of from one that a rule forbids', () => {
    const blocked = (...codes: string[]): number =>
      exitOfPlan({ state: 'blocked', blockedBy: codes.map((code) => ({ code, message: code })) });
    expect(blocked('profile-locked')).toBe(EXIT.conflict);
    expect(blocked('not-qualified')).toBe(EXIT.refused);
    expect(blocked('server-locked', 'not-qualified')).toBe(EXIT.refused);
    expect(exitOfPlan({ state: 'expired', blockedBy: [] })).toBe(EXIT.conflict);
  });
});
