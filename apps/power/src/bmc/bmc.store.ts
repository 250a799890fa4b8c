import { Injectable } from '@nestjs/common';
import type { Outcome } from '@rackwright/contracts';
import type { HardwareFacts } from '@rackwright/driver-core';
import type { BmcId, ServerId } from '@rackwright/kernel';
import { Database, type Tx } from '@rackwright/persistence';

/** What this service knows about the machine behind a BMC. */
export interface Bmc {
  readonly name: string;
  readonly bmc_id: BmcId;
  /** Set when inventory has taken the machine in. */
  readonly server_id: ServerId | null;
  readonly board_serial: string | null;
  readonly facts: HardwareFacts | null;
  readonly facts_at: Date | null;
  /** Id of the last register-server. */
  readonly registration: string | null;
  readonly registration_state: 'none' | 'sent' | 'done' | 'refused';
  readonly problem: string | null;
  /** An identity was written and nobody has seen the server clean since. */
  readonly programmed: boolean;
}

const COLUMNS =
  'name, bmc_id, server_id, board_serial, facts, facts_at, registration, registration_state, problem, programmed';

/** Rows of BMCs and the machines behind them. */
@Injectable()
export class BmcStore {
  constructor(private readonly database: Database) {}

  /** The id of a BMC: made at the first put, the same for ever. */
  async ensure(tx: Tx, name: string, newId: BmcId): Promise<BmcId> {
    await tx.query('INSERT INTO bmcs (name, bmc_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [name, newId]);
    const [row] = await tx.query<{ bmc_id: BmcId }>('SELECT bmc_id FROM bmcs WHERE name = $1', [name]);
    return row?.bmc_id ?? newId;
  }

  async get(name: string, tx: Pick<Tx, 'query'> = this.database): Promise<Bmc | undefined> {
    const [row] = await tx.query<Bmc>(`SELECT ${COLUMNS} FROM bmcs WHERE name = $1`, [name]);
    return row;
  }

  async list(): Promise<Bmc[]> {
    return this.database.query<Bmc>(`SELECT ${COLUMNS} FROM bmcs ORDER BY name`);
  }

  /** The BMC that manages a server; of several (enrolled again under another name) the one that registered last. */
  async ofServer(serverId: ServerId, tx: Pick<Tx, 'query'> = this.database): Promise<Bmc | undefined> {
    const [row] = await tx.query<Bmc>(
      `SELECT ${COLUMNS} FROM bmcs WHERE server_id = $1 ORDER BY registered_at DESC NULLS LAST LIMIT 1`,
      [serverId],
    );
    return row;
  }

  async remove(tx: Tx, name: string): Promise<void> {
    await tx.query('DELETE FROM bmcs WHERE name = $1', [name]);
  }

  async factsRead(tx: Tx, name: string, read: { facts: HardwareFacts; at: Date; registration: string }): Promise<void> {
    await tx.query(
      `UPDATE bmcs SET facts = $2, facts_at = $3, registration = $4, registration_state = 'sent',
         board_serial = coalesce($5, board_serial) WHERE name = $1`,
      [
        name,
        JSON.stringify(read.facts),
        read.at,
        read.registration,
        read.facts.boardSerial ?? read.facts.serial ?? null,
      ],
    );
  }

  /** Takes inventory's answer; an answer to an older registration is ignored. */
  async registered(tx: Tx, registration: string, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'done') {
      const { serverId } = outcome.result as { serverId: ServerId };
      await tx.query(
        `UPDATE bmcs SET server_id = $2, registration_state = 'done', registered_at = now(), problem = NULL
         WHERE registration = $1`,
        [registration, serverId],
      );
      return;
    }
    // Nobody knows whether it was taken: it is sent again with the next round.
    const state = outcome.kind === 'refused' ? 'refused' : 'none';
    await tx.query('UPDATE bmcs SET registration_state = $2, problem = $3 WHERE registration = $1', [
      registration,
      state,
      `inventory: ${outcome.message}`.slice(0, 1000),
    ]);
  }

  async setProgrammed(name: string, programmed: boolean): Promise<void> {
    await this.database.query('UPDATE bmcs SET programmed = $2 WHERE name = $1', [name, programmed]);
  }
}
