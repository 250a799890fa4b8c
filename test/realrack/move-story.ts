import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock } from '@rackwright/kernel';
import {
  bootHistory,
  checkCut,
  checkMask,
  checkOff,
  checkRunning,
  failed,
  historyLine,
  lastSignOfLife,
  type Check,
} from './rack-checks.js';
import type { ProfileIdentity, RackController } from './rack-controller.js';
import { startRack, VLANS, type Rack } from './rack/rack.js';
import {
  NO_SESSION,
  outOfOrder,
  portsClosed,
  portsOpen,
  powerOff,
  powerOn,
  timeline,
  Witness,
  type MoveRecord,
} from './rack/witness.js';

const clock = new SystemClock();
/** What the firmware says when it cannot open the LUN: the product's script, or the machine's own set-up. */
const SANBOOT_FAILED = /^RACK(WRIGHT)?-SANBOOT-FAILED/;
const BOOTED = /RACK-BOOT-OK/;

export interface MoveStoryOptions {
  /** Why it cannot be told here; its chapters are then skipped, and counted as such. */
  readonly missing: string | undefined;
  readonly controller: (rack: Rack) => RackController;
  /**
   * Whether the checks are shown to turn red (the mask open, the wrong VLAN, a cut undone), or the old server comes back
   * to a cut that holds: the same machine, script and mask with the opposite end. Each is told once, for the time it takes.
   */
  readonly plantFaults: boolean;
}

/**
 * One story on one rack: booting real servers is dear, so each chapter starts where the one before ended. A profile is
 * placed on a server, moved to another and taken off; every claim is checked by a tool that is not ours.
 */
export function describeMove(title: string, options: MoveStoryOptions): void {
  const { missing } = options;
  const tell = missing === undefined ? describe : describe.skip;
  // Jest counts what a wholly skipped suite would have told, but does not print its title.
  if (missing !== undefined) process.stdout.write(`\nskipped: ${title}: ${missing}\n`);
  tell(`${title}${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => chapters(options));
}

function chapters({ controller, plantFaults }: MoveStoryOptions): void {
  const story = new MoveStory();

  beforeAll(() => story.begin(controller), 400_000);
  afterAll(() => story.end(), 60_000);

  it('takes over a rack whose servers are off and whose LUN is masked from everybody', story.chapter('takenOver'));
  it('boots the profile on the first server from its LUN, with its MAC, IQN and address', story.chapter('placed'));
  it('keeps the LUN from another server that is on the storage network as itself', story.chapter('masked'));
  it('moves it: the same disk boots on the other server with the same MAC, IQN and address', story.chapter('moved'));
  if (plantFaults) {
    it('is seen red when the mask is left open to everybody', story.chapter('maskOpen'));
    it('is seen red when the data port is in the wrong VLAN', story.chapter('wrongVlan'));
    it('is seen red when the cut is undone: then the old server boots the disk', story.chapter('cutUndone'));
  } else {
    it('lets the old server reach nothing, even when it comes back with the identity it lost', story.chapter('inert'));
  }
  it('is empty again when the profile is taken off', story.chapter('takenOff'));
}

type Chapter =
  'takenOver' | 'placed' | 'masked' | 'moved' | 'inert' | 'maskOpen' | 'wrongVlan' | 'cutUndone' | 'takenOff';

class MoveStory {
  private broken: Chapter | undefined;
  private started: { readonly rack: Rack; readonly controller: RackController } | undefined;
  private identity: ProfileIdentity = { mac: '', storageMac: '', iqn: '' };
  /** What the first server was told to be before the move. */
  private oldScript: string | undefined;
  private readonly figures: string[] = [];

  /** A test of one chapter. Where an earlier one broke off there is nothing to go on from. */
  chapter(name: Chapter): () => Promise<void> {
    return async () => {
      if (this.broken !== undefined) throw new Error(`the story broke off at: ${this.broken}`);
      this.broken = name;
      await this[name]();
      this.broken = undefined;
    };
  }

  async begin(makeController: (rack: Rack) => RackController): Promise<void> {
    const rack = await this.timed('rack built (LUN image from the cache or new)', startRack);
    const controller = makeController(rack);
    rack.bootRelay.serve(controller.bootScripts);
    this.started = { rack, controller };
  }

  async end(): Promise<void> {
    if (this.started === undefined) return;
    const { rack, controller } = this.started;
    await controller.close().catch((error: unknown) => this.figures.push(`closing: ${String(error)}`));
    const left = await rack.stop();
    process.stdout.write(`\nreal rack, moved by ${controller.name}:\n${this.figures.join('\n')}\n`);
    expect(left).toEqual([]);
  }

  async takenOver(): Promise<void> {
    const { rack, controller } = this;
    await this.timed('taken over', () => controller.enrol());
    const check = controller.closesPortsAtEnrolment ? checkCut : checkOff;
    this.expectAll([...(await check(rack, rack.a)), ...(await check(rack, rack.b))]);
    expect(await rack.array.show()).toEqual({ sessions: [], admitted: [] });
    expect(await rack.a.bmc.ipmitool(['fru', 'print', '0'])).toContain(rack.a.facts.boardSerial);
    this.identity = await controller.identity();
  }

  async placed(): Promise<void> {
    const { rack, controller, identity } = this;
    await this.timed('placed on a', () => controller.place('a'));
    await this.timed('its system is up', () => rack.a.consoleSays(BOOTED));
    this.expectAll(await checkRunning(rack, rack.a, { identity, boots: 1 }));
  }

  async masked(): Promise<void> {
    const { rack, identity } = this;
    const { b } = rack;
    rack.bootRelay.overrides.set(b.facts.boardSerial, undefined);
    const vlan = await rack.ovs.vsctl('get', 'port', b.ports[1], 'tag');
    await rack.ovs.vsctl('set', 'port', b.ports[1], `tag=${VLANS.storage}`);
    await b.bmc.ipmitool(['chassis', 'power', 'on']);
    await this.timed('b as itself: the LUN stays shut', () => b.consoleSays(SANBOOT_FAILED));
    expect(b.console()).toMatch(/RACK-OWN-IDENTITY[\s\S]*Could not open SAN device: No such device/);
    await b.bmc.ipmitool(['chassis', 'power', 'off']);
    await rack.ovs.vsctl('set', 'port', b.ports[1], `tag=${vlan}`);
    rack.bootRelay.overrides.delete(b.facts.boardSerial);
    expect(await rack.array.show()).toMatchObject({ admitted: [identity.iqn] });
  }

  async moved(): Promise<void> {
    const { rack, controller, identity } = this;
    this.oldScript = await rack.bootRelay.script(rack.a.facts.boardSerial);
    this.judge(await this.witnessed(() => this.timed('moved to b', () => controller.move('b'))));
    await this.timed('its system is up', () => rack.b.consoleSays(BOOTED));
    this.expectAll([...(await checkCut(rack, rack.a)), ...(await checkRunning(rack, rack.b, { identity, boots: 2 }))]);
    expect((await rack.bootRelay.script(rack.a.facts.boardSerial)) ?? '').not.toContain(identity.iqn);
    expect(this.oldScript).toContain(identity.iqn);
    expect(rack.a.facts.uuid).not.toBe(rack.b.facts.uuid);
    expect(await bootHistory(rack)).toEqual([
      historyLine(rack.a, { identity, boots: 1 }),
      historyLine(rack.b, { identity, boots: 2 }),
    ]);
  }

  async inert(): Promise<void> {
    const { rack, identity } = this;
    const { a } = rack;
    rack.bootRelay.overrides.set(a.facts.boardSerial, this.oldScript);
    const startsBefore = a.starts;
    const aliveBefore = await lastSignOfLife(rack);
    await a.bmc.ipmitool(['chassis', 'power', 'on']);
    await this.timed('a back with the identity it lost: nothing answers it', () => a.consoleSays(SANBOOT_FAILED));
    expect(a.starts).toBe(startsBefore + 1);
    expect(a.console()).toMatch(/RACK-PROFILE-SCRIPT[\s\S]*Could not open SAN device: Connection timed out/);
    this.expectAll(await checkRunning(rack, rack.b, { identity, boots: 2 }));
    await a.bmc.ipmitool(['chassis', 'power', 'off']);
    rack.bootRelay.overrides.delete(a.facts.boardSerial);
    expect(await bootHistory(rack)).toHaveLength(2);
    expect(await lastSignOfLife(rack)).toBeGreaterThan(aliveBefore + 5);
  }

  async maskOpen(): Promise<void> {
    const { rack, identity } = this;
    await rack.array.admitAll();
    expect(failed(await checkMask(rack, identity.iqn))).toEqual([
      'another name does not open the LUN',
      'another name is not shown the LUN',
      'the mask holds its name only',
    ]);
    await rack.array.admitOnly(identity.iqn);
    expect(failed(await checkMask(rack, identity.iqn))).toEqual([]);
  }

  async wrongVlan(): Promise<void> {
    const { rack, identity } = this;
    await rack.ovs.vsctl('set', 'port', rack.b.ports[0], `tag=${VLANS.other}`);
    expect(failed(await checkRunning(rack, rack.b, { identity, boots: 2 }))).toEqual([
      'its MAC is on the wire',
      'answers on its own VLAN',
      'cannot be reached from another VLAN',
      'its MAC comes from its port',
    ]);
    await rack.ovs.vsctl('set', 'port', rack.b.ports[0], `tag=${VLANS.web}`);
  }

  async cutUndone(): Promise<void> {
    const { rack } = this;
    const { a, b } = rack;
    rack.bootRelay.overrides.set(a.facts.boardSerial, this.oldScript);
    await b.bmc.ipmitool(['chassis', 'power', 'off']);
    await rack.ovs.vsctl('set', 'port', a.ports[1], `tag=${VLANS.storage}`, 'protected=false');
    await a.bmc.ipmitool(['chassis', 'power', 'on']);
    // The control of `inert`, which the other story tells: same script, same mask; only the closed port keeps it away.
    const line = await this.timed('a with an open port: boots the disk', () => a.consoleSays(BOOTED));
    expect(line).toContain('boots=3');
    expect(failed(await checkCut(rack, a))).toEqual(['power is off', 'power is off', `${a.ports[1]} is closed`]);
    await a.bmc.ipmitool(['chassis', 'power', 'off']);
    await rack.ovs.vsctl('set', 'port', a.ports[1], `tag=${VLANS.parking}`, 'protected=true');
    rack.bootRelay.overrides.delete(a.facts.boardSerial);
    expect(failed(await checkCut(rack, a))).toEqual([]);
  }

  async takenOff(): Promise<void> {
    const { rack, controller, identity } = this;
    await this.timed('taken off', () => controller.remove());
    this.expectAll(await checkCut(rack, rack.b));
    expect(await rack.array.show()).toEqual({ sessions: [], admitted: [] });
    // Nothing, or a script that gives the machine nothing to be.
    expect((await rack.bootRelay.script(rack.b.facts.boardSerial)) ?? '').not.toContain(identity.iqn);
  }

  private async witnessed(work: () => Promise<void>): Promise<MoveRecord> {
    const witness = Witness.begin(this.rack);
    try {
      await work();
    } finally {
      await witness.stop();
    }
    return witness.record();
  }

  /** The order of the safety rules, by what the devices recorded. */
  private judge({ happenings, masks, looks, sessionsEnded }: MoveRecord): void {
    const { a, b } = this.rack;
    this.figures.push(`         as the devices recorded it: ${timeline(happenings)}; the mask stayed, ${looks} looks`);
    const order = [[powerOff(a)], [...portsClosed(a), NO_SESSION], portsOpen(b), [powerOn(b)]];
    expect(outOfOrder(happenings, order)).toEqual([]);
    expect(happenings.map(({ what }) => what)).not.toContain(powerOn(a));
    // The mask follows the initiator name: the move leaves it as it is.
    expect(masks).toEqual([this.identity.iqn]);
    // tgt keeps the session of a server that was switched off: without ending it, nothing would tell it from a live one.
    expect(sessionsEnded).toBeGreaterThan(0);
  }

  private get rack(): Rack {
    return this.running.rack;
  }

  private get controller(): RackController {
    return this.running.controller;
  }

  private get running(): { readonly rack: Rack; readonly controller: RackController } {
    if (this.started === undefined) throw new Error('the rack is not there');
    return this.started;
  }

  private async timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startMs = clock.monotonicMs();
    const value = await work();
    this.figures.push(`${((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(6)} s  ${what}`);
    return value;
  }

  private expectAll(checks: readonly Check[]): void {
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    this.figures.push(`         ${checks.map(({ name, by }) => `${name} (${by})`).join('; ')}`);
  }
}
