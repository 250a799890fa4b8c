import { CallEnding, endCall, type DeviceCall, type NotDone, type ZoneChange } from '@rackwright/driver-core';
import type { FosSession } from './fos-client.js';
import { LOCKED_RETRY_AFTER_MS } from './fos-quirks.js';
import { openTransaction, readZoneDatabase, type ZoneDatabase } from './zone-database.js';
import { foreignPart, isEffective, type ZonePlan } from './zone-plan.js';

/** Ends the call while somebody else edits: their staged work is in the same buffer and would be committed or lost with ours. */
export function refuseForeignTransaction(database: ZoneDatabase): void {
  const open = openTransaction(database);
  if (open === undefined) return;
  const owner = open.owner === undefined ? {} : { owner: open.owner };
  endCall({
    kind: 'busy',
    retryAfterMs: LOCKED_RETRY_AFTER_MS,
    message: 'a zone transaction is open in this fabric',
    ...owner,
  });
}

/** One fabric transaction: stage, look, commit. On every failure what this call has staged is aborted, and nothing else. */
export class ZoneTransaction {
  /** Token of our transaction; undefined until our first edit was answered. */
  private token: number | undefined;

  constructor(
    private readonly session: FosSession,
    private readonly before: ZoneDatabase,
  ) {}

  async run(plan: ZonePlan, change: ZoneChange, call: DeviceCall): Promise<void> {
    try {
      for (const edit of plan.edits) await this.stage(edit, call);
      if (plan.edits.length > 0) await this.checkStaged(call);
      await this.commit(plan, call);
    } catch (error) {
      await this.abort(call);
      if (!(error instanceof CallEnding)) throw error;
      throw new CallEnding(await this.explain(error.result as NotDone, change, call));
    }
  }

  private async stage(edit: ZonePlan['edits'][number], call: DeviceCall): Promise<void> {
    const path = `${this.session.quirks.zoning}/defined-configuration`;
    await this.session.change({ method: edit.method, path, body: { 'defined-configuration': edit.content } }, call);
    // The switch numbers the transaction at its first edit; that number is how we know it again.
    if (this.token === undefined) this.token = (await readZoneDatabase(this.session, call)).token;
  }

  /** Before the commit: the same base, and nothing staged that we did not stage. */
  private async checkStaged(call: DeviceCall): Promise<void> {
    const now = await readZoneDatabase(this.session, call);
    if (
      now.checksum !== this.before.checksum ||
      now.token !== this.token ||
      foreignPart(now) !== foreignPart(this.before)
    ) {
      endCall({ kind: 'conflict', message: 'somebody else changed the zoning while it was being staged' });
    }
  }

  private async commit(plan: ZonePlan, call: DeviceCall): Promise<void> {
    const verb = 'enable' in plan.commit ? { 'cfg-name': plan.commit.enable } : { 'cfg-action': 2 };
    const body = { 'effective-configuration': { checksum: this.before.checksum, ...verb } };
    await this.session.change({ method: 'PATCH', path: this.effective, body }, call);
  }

  /**
   * Takes back what this call staged. Only a transaction that carries our token is touched: an abort throws away
   * whatever is in the buffer. It changes nothing that is committed, so it is permitted at every epoch; otherwise a
   * call that was overtaken would leave the fabric locked.
   */
  private async abort(call: DeviceCall): Promise<void> {
    if (this.token === undefined) return;
    try {
      const now = await readZoneDatabase(this.session, call);
      const isOurs = now.token === this.token && (now.token !== 0 || now.staged !== 0);
      if (!isOurs) return;
      const body = { 'effective-configuration': { 'cfg-action': 4 } };
      await this.session.change({ method: 'PATCH', path: this.effective, body, mutating: false }, call);
    } catch (error) {
      // The first failure is the one to report; a transaction that could not be aborted shows as open in the next read.
      if (!(error instanceof CallEnding)) throw error;
    }
  }

  /** What a failure means is read from the fabric: error texts vary between versions and decide nothing. */
  private async explain(result: NotDone, change: ZoneChange, call: DeviceCall): Promise<NotDone> {
    if (result.kind !== 'refused' && result.kind !== 'unknown') return result;
    try {
      const now = await readZoneDatabase(this.session, call);
      const { message } = result;
      if (result.kind === 'refused') refuseForeignTransaction(now);
      if (now.checksum !== this.before.checksum && !isEffective(now, change)) {
        return { kind: 'conflict', message: `the zoning was changed meanwhile (${message})` };
      }
      return result;
    } catch (error) {
      if (!(error instanceof CallEnding)) throw error;
      const ending = error.result as NotDone;
      return ending.kind === 'busy' ? ending : result;
    }
  }

  private get effective(): string {
    return `${this.session.quirks.zoning}/effective-configuration`;
  }
}
