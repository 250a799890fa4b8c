import { AppError } from '@rackwright/kernel';
import type { ArrayState, CableState, ServerState, WorldInventory } from '@rackwright/sim';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CheckerStatus {
  readonly ok: boolean;
  readonly stopped: boolean;
  readonly checkedEvents: number;
  readonly invariants: readonly string[];
  readonly violations: readonly { readonly invariant: string; readonly message: string }[];
}

/** Changes of management faces so far, by what they do to reach storage. */
export interface AccessMutations {
  readonly zoning: number;
  readonly masking: number;
}

const MASKING = ['host-created', 'host-renamed', 'host-deleted', 'initiators-added', 'initiators-removed'];

/** The simulator's control door: the truth about the hardware, whatever Rackwright believes. */
export class SimulatedWorld {
  constructor(
    private readonly address: string,
    private readonly token: string,
  ) {}

  /** Reads where the door is from what the simulator of this data folder said last. */
  static ofDataFolder(dataFolder: string): SimulatedWorld {
    const log = readFileSync(join(dataFolder, 'logs', 'simulator.log'), 'utf8')
      .trimEnd()
      .split('\n');
    const ports = log.flatMap((line) => listeningPort(line) ?? []);
    const port = ports.at(-1);
    if (port === undefined) throw new AppError('e2e.no-simulator', 'the simulator has not said where it listens');
    const token = readFileSync(join(dataFolder, 'services', 'simulator', 'control-token'), 'utf8').trim();
    return new SimulatedWorld(`http://127.0.0.1:${port}`, token);
  }

  inventory(): Promise<WorldInventory> {
    return this.get('/world/inventory');
  }

  servers(): Promise<readonly ServerState[]> {
    return this.get('/world/servers');
  }

  arrays(): Promise<readonly ArrayState[]> {
    return this.get('/world/arrays');
  }

  async cables(): Promise<readonly CableState[]> {
    return (await this.get<{ cables: readonly CableState[] }>('/world')).cables;
  }

  checkers(): Promise<CheckerStatus> {
    return this.get('/checkers');
  }

  async timeMs(): Promise<number> {
    return (await this.get<{ timeMs: number }>('/time')).timeMs;
  }

  /** Committed zoning transactions, and edits of array hosts and mappings. */
  async accessMutations(): Promise<AccessMutations> {
    const counts = await this.get<Record<string, number>>('/world/mutations');
    const sum = (wanted: (kind: string) => boolean): number =>
      Object.entries(counts)
        .filter(([key]) => wanted(key.split(' ')[1] ?? ''))
        .reduce((total, [, count]) => total + count, 0);
    return {
      zoning: sum((kind) => kind.startsWith('zoning-') || kind === 'default-zone'),
      masking: sum((kind) => MASKING.includes(kind) || kind === 'mapped' || kind === 'unmapped'),
    };
  }

  private async get<T>(path: string): Promise<T> {
    const headers = { authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.address}${path}`, { headers, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new AppError('e2e.simulator-refused', `${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

function listeningPort(line: string): number | undefined {
  try {
    const entry = JSON.parse(line) as { event?: string; port?: number };
    return entry.event === 'listening' ? entry.port : undefined;
  } catch {
    return undefined;
  }
}
