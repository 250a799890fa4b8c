import { AppError } from '@rackwright/kernel';
import type { WorldCore } from './core.js';
import { FAULT, PHYSICS } from './events.js';
import { applyPending, loseVolatile } from './identity.js';
import type { ReportedPower, ServerModel, ServerState, Survives } from './model.js';

export type ResetType =
  | 'On'
  | 'ForceOn'
  | 'ForceOff'
  | 'GracefulShutdown'
  | 'GracefulRestart'
  | 'ForceRestart'
  | 'PowerCycle'
  | 'PushPowerButton'
  | 'Nmi';
export type ResetRefusal = 'already-on' | 'already-off' | 'too-soon' | 'no-power';
export type ResetResult = { readonly ok: true } | { readonly ok: false; readonly why: ResetRefusal };

/** What to break in a BMC; null mends it. */
export interface BmcFault {
  readonly hung?: boolean;
  readonly ignoresResets?: boolean;
  readonly powerLie?: ReportedPower | null;
  readonly answersAs?: string | null;
}

/** How a boot ends: the io engine knows which paths are complete. */
export type BootProbe = (server: ServerState) => { readonly from: string } | { readonly screen: string };

/**
 * Electrons. Phases follow one another by timers of the model's durations; what the BMC tells lags behind. Mains come
 * through outlets and feeds; a server without any is dark, and its BMC with it.
 */
export class PowerPhysics {
  private probe: BootProbe = () => ({ screen: 'no bootable device' });

  constructor(private readonly core: WorldCore) {
    core.onTimer('power-step', (timer) => this.step(this.server(timer.target), String(timer.data)));
    core.onTimer('power-report', (timer) => this.report(this.server(timer.target), timer.data as ReportedPower));
  }

  bootsWith(probe: BootProbe): void {
    this.probe = probe;
  }

  /** Throws `sim.no-such-device`. */
  server(name: string): ServerState {
    const found = this.core.state.servers[name];
    if (!found) throw new AppError('sim.no-such-device', `there is no server ${name}`);
    return found;
  }

  model(server: ServerState): ServerModel {
    const found = this.core.state.models[server.model];
    if (!found) throw new AppError('sim.no-such-model', `there is no server model ${server.model}`);
    return found;
  }

  /** True while current can flow into the server: any of its outlets is on and fed. */
  hasMains(server: ServerState): boolean {
    return server.outlets.some((each) => {
      const [pduName = '', outlet = ''] = each.split('/');
      const pdu = this.core.state.pdus[pduName];
      return pdu?.outlets[outlet]?.on === true && this.core.state.feeds[pdu.feed]?.live === true;
    });
  }

  /** What the BMC tells: the lagging state, or a planted lie. */
  reported(server: ServerState): ReportedPower {
    return server.maintenance.powerLie ?? server.reportedPower;
  }

  /** A reset action as a BMC understands it; `ok` means accepted, the outcome shows later. */
  reset(name: string, type: ResetType, actor: string): ResetResult {
    const server = this.server(name);
    const refusal = this.refusalOf(server, type);
    if (refusal) return { ok: false, why: refusal };
    const detail = { type, identity: identityOf(server) };
    this.core.change({ kind: 'reset', device: { kind: 'server', name }, actor, detail }, () => {
      server.lastResetMs = this.core.timeMs;
      if (!server.maintenance.ignoresResets) this.act(server, type);
    });
    return { ok: true };
  }

  /** A person at the machine (or wake on LAN): switches it on past its BMC. */
  pressPowerButton(name: string, actor: string): void {
    const server = this.server(name);
    this.core.change({ kind: 'power-button', device: { kind: 'server', name }, actor }, () => {
      if (server.phase === 'off' && this.hasMains(server)) this.enter(server, 'powering-on');
      else if (server.phase !== 'off') this.act(server, 'GracefulShutdown');
    });
  }

  setOutlet(pdu: string, outlet: string, on: boolean, actor: string): void {
    const state = this.core.state.pdus[pdu]?.outlets[outlet];
    if (!state) throw new AppError('sim.no-such-port', `there is no outlet ${outlet} on ${pdu}`);
    const detail = { outlet, on };
    this.core.change({ kind: 'outlet', device: { kind: 'pdu', name: pdu }, actor, detail }, () => {
      state.on = on;
      this.followMains();
    });
  }

  setFeed(feed: string, live: boolean, actor: string): void {
    const state = this.core.state.feeds[feed];
    if (!state) throw new AppError('sim.no-such-device', `there is no feed ${feed}`);
    this.core.change({ kind: 'feed', device: { kind: 'feed', name: feed }, actor, detail: { live } }, () => {
      state.live = live;
      this.followMains();
    });
  }

  private refusalOf(server: ServerState, type: ResetType): ResetRefusal | undefined {
    if (!this.hasMains(server)) return 'no-power';
    const model = this.model(server);
    const sinceMs = this.core.timeMs - server.lastResetMs;
    if (model.timings.resetGapMs > 0 && sinceMs < model.timings.resetGapMs) return 'too-soon';
    const on = server.phase !== 'off';
    if (type === 'On' || type === 'ForceOn') return on ? 'already-on' : undefined;
    if (type === 'PushPowerButton') return undefined;
    return on ? undefined : 'already-off';
  }

  private act(server: ServerState, type: ResetType): void {
    const model = this.model(server);
    if (type === 'On' || type === 'ForceOn') this.enter(server, 'powering-on');
    else if (type === 'ForceOff') this.enter(server, 'powering-off');
    else if (type === 'ForceRestart' || type === 'GracefulRestart') this.warmReset(server);
    else if (type === 'PowerCycle') this.enter(server, 'powering-off', 'then-on');
    else if (type === 'PushPowerButton' && server.phase === 'off') this.enter(server, 'powering-on');
    else if (type === 'GracefulShutdown' || type === 'PushPowerButton') {
      // Without a running system there is nobody to ask: firmware takes the button as "off now".
      if (server.phase !== 'os-running') this.enter(server, 'powering-off');
      else if (model.gracefulShutdown !== 'ignores') this.enter(server, 'shutting-down');
    }
  }

  private warmReset(server: ServerState): void {
    loseVolatile(server, 'warm-reset');
    this.enter(server, 'post');
  }

  private enter(server: ServerState, phase: ServerState['phase'], next = ''): void {
    const { timings, gracefulShutdown } = this.model(server);
    this.core.unschedule('power-step', server.name);
    const before = server.phase;
    server.phase = phase;
    if (phase === 'powering-on') {
      this.tellLater(server, 'PoweringOn', 'On');
      applyPending(server);
      this.later(server, timings.powerOnMs, 'post');
    } else if (phase === 'powering-off') {
      this.tellLater(server, 'PoweringOff', undefined);
      this.later(server, timings.powerOffMs, next === 'then-on' ? 'off-then-on' : 'off');
    } else if (phase === 'shutting-down') {
      if (gracefulShutdown !== 'hangs') this.later(server, timings.gracefulMs, 'off');
    } else if (phase === 'post') {
      if (before !== 'powering-on') applyPending(server);
      this.enterPost(server);
    }
  }

  private enterPost(server: ServerState): void {
    const model = this.model(server);
    server.bootId++;
    delete server.bootedFrom;
    delete server.screen;
    server.bootProgress = model.bootProgress[0] ?? 'None';
    if (model.bootProgress.length > 1) this.later(server, model.timings.postMs / model.bootProgress.length, 'post-1');
    else this.later(server, model.timings.postMs, 'boot');
  }

  private step(server: ServerState, to: string): void {
    const detail = { to };
    this.core.change(
      { kind: 'power-step', device: { kind: 'server', name: server.name }, actor: PHYSICS, detail },
      () => {
        if (to === 'post') this.enter(server, 'post');
        else if (to.startsWith('post-')) this.postStep(server, Number(to.slice(5)));
        else if (to === 'boot') this.boot(server);
        else if (to === 'running') this.run(server);
        else if (to === 'mains-on') this.restoreAfterMains(server);
        else this.goDark(server, 'cold-reset');
        if (to === 'off-then-on') this.enter(server, 'powering-on');
      },
    );
  }

  private postStep(server: ServerState, index: number): void {
    const { bootProgress, timings } = this.model(server);
    server.bootProgress = bootProgress[index] ?? server.bootProgress;
    const each = timings.postMs / bootProgress.length;
    this.later(server, each, index + 1 < bootProgress.length ? `post-${index + 1}` : 'boot');
  }

  private boot(server: ServerState): void {
    server.inventoried = true;
    const found = this.probe(server);
    if (server.boot.overrideEnabled === 'Once') server.boot.overrideEnabled = 'Disabled';
    if ('screen' in found) {
      server.phase = 'no-boot';
      server.screen = found.screen;
      return;
    }
    server.phase = 'os-boot';
    server.bootedFrom = found.from;
    if (this.model(server).bootProgress.length > 0) server.bootProgress = 'OSBootStarted';
    this.later(server, this.model(server).timings.osBootMs, 'running');
  }

  private run(server: ServerState): void {
    server.phase = 'os-running';
    if (this.model(server).bootProgress.length > 0) server.bootProgress = 'OSRunning';
  }

  private goDark(server: ServerState, loss: Survives): void {
    this.core.unschedule('power-step', server.name);
    server.lastStop = server.phase === 'shutting-down' && loss === 'cold-reset' ? 'graceful' : 'hard';
    server.phase = 'off';
    server.bootProgress = 'None';
    delete server.bootedFrom;
    delete server.screen;
    loseVolatile(server, loss);
    this.tellLater(server, 'Off', undefined);
  }

  /** Cuts or restores every server whose mains changed. */
  private followMains(): void {
    for (const server of Object.values(this.core.state.servers)) {
      const fed = this.hasMains(server);
      if (!fed && !server.dark) {
        server.onBeforeLoss = server.phase !== 'off';
        server.dark = true;
        this.goDark(server, 'ac-loss');
        // The BMC dies with the mains, so nothing lags: when it is back it tells the truth.
        this.core.unschedule('power-report', server.name);
        server.reportedPower = 'Off';
      } else if (fed && server.dark) {
        server.dark = false;
        this.later(server, this.model(server).timings.powerOnMs, 'mains-on');
      }
    }
  }

  private restoreAfterMains(server: ServerState): void {
    if (server.phase !== 'off' || !this.hasMains(server)) return;
    const on = server.powerRestore === 'always-on' || (server.powerRestore === 'previous' && server.onBeforeLoss);
    if (on) this.enter(server, 'powering-on');
  }

  private later(server: ServerState, delayMs: number, to: string): void {
    this.core.schedule('power-step', server.name, delayMs, to);
  }

  private tellLater(server: ServerState, now: ReportedPower, then: ReportedPower | undefined): void {
    const { timings, showsTransitions } = this.model(server);
    this.core.unschedule('power-report', server.name);
    const transition = now === 'PoweringOn' || now === 'PoweringOff';
    if (transition && showsTransitions) server.reportedPower = now;
    if (!transition) this.reportAfter(server, timings.reportLagMs, now);
    if (then) this.reportAfter(server, timings.powerOnMs + timings.reportLagMs, then);
  }

  private reportAfter(server: ServerState, delayMs: number, state: ReportedPower): void {
    if (delayMs <= 0) server.reportedPower = state;
    else this.core.schedule('power-report', server.name, delayMs, state);
  }

  private report(server: ServerState, state: ReportedPower): void {
    const device = { kind: 'bmc', name: server.name } as const;
    this.core.change({ kind: 'power-reported', device, actor: PHYSICS, detail: { state } }, () => {
      server.reportedPower = state;
    });
  }

  /** Plants or removes a fault in a BMC. */
  setBmcFault(name: string, fault: BmcFault): void {
    const server = this.server(name);
    const { powerLie, answersAs, ...rest } = fault;
    this.core.change({ kind: 'bmc-fault', device: { kind: 'bmc', name }, actor: FAULT }, () => {
      Object.assign(server.maintenance, rest);
      if (powerLie === null) delete server.maintenance.powerLie;
      else if (powerLie !== undefined) server.maintenance.powerLie = powerLie;
      if (answersAs === null) delete server.maintenance.answersAs;
      else if (answersAs !== undefined) server.maintenance.answersAs = answersAs;
    });
  }
}

/** The identities a server has or will take at its next start, for the event of a reset. */
function identityOf(server: ServerState): readonly string[] {
  return server.ports.flatMap((port) => {
    const after = { ...port.current, ...port.pending };
    return [after.mac, after.wwpn, after.iscsi?.initiator].filter((each) => each !== undefined);
  });
}
