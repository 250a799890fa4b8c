import { RackwrightClient, type Run } from '@rackwright/client';
import { AppError, SystemRandom } from '@rackwright/kernel';
import { waitFor } from '@rackwright/testing';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MachineName, ProfileIdentity, RackController } from './rack-controller.js';
import { documentsOf, PROFILE } from './rack-documents.js';
import { freePort, start } from './rack/commands.js';
import type { Rack } from './rack/rack.js';
import { inheritedEnvironment } from './realrack.config.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = ['launcher', 'gateway', 'saga-coordinator', 'inventory', 'network', 'storage-identity', 'power'];
const RUN_WITHIN_MS = 180_000;
/** The guest ignores the power button: there is nothing to wait for. */
const GRACE_MS = 1_000;

/** Why the product cannot move anything yet; undefined when every program it needs is built. */
export function productMissing(): string | undefined {
  const missing = PROGRAMS.filter((name) => !existsSync(join(PROJECT, 'dist', 'apps', `${name}.mjs`)));
  return missing.length === 0 ? undefined : `not built: ${missing.join(', ')} (npm run build)`;
}

/**
 * Moves the profile as a user does: the whole product is started as `npm start` starts it, without the simulator, told
 * of the rack by documents, and asked through its REST API. Its processes carry the rack's mark and end with the rack.
 */
export class ProductController implements RackController {
  readonly name = 'the product';
  readonly closesPortsAtEnrolment = false;
  private client: RackwrightClient | undefined;
  private bootPort = 0;
  private launcher: ReturnType<typeof start> | undefined;

  constructor(private readonly rack: Rack) {}

  readonly bootScripts = async (boardSerial: string): Promise<string | undefined> => {
    const answer = await fetch(`http://127.0.0.1:${this.bootPort}/boot/${encodeURIComponent(boardSerial)}`);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new AppError('realrack.no-boot-script', `the power service answered ${answer.status}`);
    return answer.text();
  };

  async enrol(): Promise<void> {
    const client = await this.startProduct();
    const results = await client.applyDocuments(documentsOf(this.rack));
    for (const { runId } of results) if (runId !== undefined) await this.ended(runId);
    await waitFor(
      async () => {
        const servers = await Promise.all(['a', 'b'].map((name) => client.server(name)));
        return servers.every(({ lifecycle, factsAt }) => lifecycle === 'available' && factsAt !== undefined);
      },
      { withinMs: 60_000, everyMs: 200 },
    );
  }

  async place(server: MachineName): Promise<void> {
    await this.change({ kind: 'associate', profile: PROFILE, server });
  }

  async move(to: MachineName): Promise<void> {
    await this.change({ kind: 'migrate', profile: PROFILE, server: to, graceMs: GRACE_MS });
  }

  async remove(): Promise<void> {
    await this.change({ kind: 'disassociate', profile: PROFILE, removeAccess: true, graceMs: GRACE_MS });
  }

  async identity(): Promise<ProfileIdentity> {
    const { vnics = [], storage } = await this.api.profile(PROFILE);
    const macOf = (name: string): string => vnics.find((vnic) => vnic.name === name)?.mac ?? '';
    return { mac: macOf('data'), storageMac: macOf('storage'), iqn: storage?.iscsi?.initiator ?? '' };
  }

  async close(): Promise<void> {
    const { launcher } = this;
    if (launcher === undefined || launcher.exitCode !== null) return;
    launcher.kill('SIGTERM');
    await waitFor(() => launcher.exitCode !== null || launcher.signalCode !== null, { withinMs: 20_000 });
  }

  private get api(): RackwrightClient {
    if (this.client === undefined) throw new AppError('realrack.not-started', 'the product is not started');
    return this.client;
  }

  private async startProduct(): Promise<RackwrightClient> {
    const [port, bootPort] = [await freePort(), await freePort()];
    const password = Buffer.from(new SystemRandom().bytes(12)).toString('hex');
    this.bootPort = bootPort;
    const program = join(PROJECT, 'dist', 'apps', 'launcher.mjs');
    const folder = join(this.rack.folder, 'product');
    const argv = [process.execPath, program, '--no-simulator', '--data-dir', folder, '--port', String(port)];
    this.launcher = start(argv, {
      cwd: PROJECT,
      logFile: join(this.rack.folder, 'product.log'),
      env: {
        ...inheritedEnvironment(),
        RACKWRIGHT_RACK: this.rack.folder,
        RACKWRIGHT_PROJECT_ROOT: PROJECT,
        BOOTSTRAP_ADMIN_PASSWORD: password,
        RACKWRIGHT_BOOT_SCRIPT_LISTEN: `127.0.0.1:${bootPort}`,
        // The BMC tells nothing of the boot; the suite looks at the machine itself.
        POWER_BOOT_SETTLE_MS: '1000',
      },
    });
    const log = join(this.rack.folder, 'product.log');
    await waitFor(() => /Rackwright is up/.test(readFileSync(log, 'utf8')), { withinMs: 90_000, everyMs: 100 });
    const anonymous = RackwrightClient.to({ url: `http://127.0.0.1:${port}` });
    const { token } = await anonymous.signIn('admin', password);
    this.client = anonymous.withToken(token);
    return this.client;
  }

  private async change(request: Parameters<RackwrightClient['createPlan']>[0]): Promise<void> {
    const plan = await this.api.createPlan(request);
    if (plan.state !== 'ready') {
      throw new AppError('realrack.plan-blocked', plan.blockedBy.map(({ message }) => message).join('; '));
    }
    const { runId } = await this.api.runs.start(plan.id);
    await this.ended(runId);
  }

  private async ended(runId: string): Promise<Run> {
    const { runs } = this.api;
    const run = await runs.wait(runId, { timeoutMs: RUN_WITHIN_MS }).catch(() => runs.get(runId));
    if (run.state === 'done') return run;
    const open = run.steps.filter(({ state }) => state !== 'done' && state !== 'waiting');
    throw new AppError('realrack.run-not-done', `${run.state}: ${JSON.stringify(open, null, 1).slice(0, 3_000)}`);
  }
}
