import type { HardwareFactsMessage, ServerLifecycle } from '@rackwright/contracts';
import type { Architecture } from '@rackwright/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A machine, known for ever by its board serial. `facts` is what its BMC told last. */
@Entity({ name: 'servers' })
export class ServerEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'board_serial' })
  boardSerial!: string;

  /** Declared in the expected-servers manifest. */
  @Column({ type: 'boolean' })
  expected!: boolean;

  @Column({ type: 'text', nullable: true })
  bmc!: string | null;

  @Column({ type: 'text', nullable: true })
  driver!: string | null;

  @Column({ type: 'text', nullable: true })
  site!: string | null;

  @Column({ type: 'text', nullable: true })
  rack!: string | null;

  @Column({ type: 'text', nullable: true })
  position!: string | null;

  @Column({ type: 'text', nullable: true })
  chassis!: string | null;

  @Column({ type: 'jsonb', name: 'power_feeds' })
  powerFeeds!: string[];

  @Column({ type: 'text', nullable: true })
  pool!: string | null;

  @Column({ type: 'text', name: 'declared_architecture', nullable: true })
  declaredArchitecture!: Architecture | null;

  @Column({ type: 'text' })
  lifecycle!: ServerLifecycle;

  @Column({ type: 'text', name: 'lifecycle_reason', nullable: true })
  lifecycleReason!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  facts!: HardwareFactsMessage | null;

  @Column({ type: 'timestamptz', name: 'facts_at', nullable: true })
  factsAt!: Date | null;

  @Column({ type: 'text', name: 'search_text' })
  searchText!: string;

  @Column({ type: 'text', name: 'power_state' })
  powerState!: 'on' | 'off' | 'unknown';

  @Column({ type: 'timestamptz', name: 'power_at', nullable: true })
  powerAt!: Date | null;

  @Column({ type: 'text', name: 'power_source', nullable: true })
  powerSource!: string | null;

  @Column({ type: 'float8', name: 'power_watts', nullable: true })
  powerWatts!: number | null;

  @Column({ type: 'int' })
  epoch!: number;

  /** Saga that holds this server. */
  @Column({ type: 'text', name: 'locked_by', nullable: true })
  lockedBy!: string | null;

  @Column({ type: 'text', name: 'profile_id', nullable: true })
  profileId!: string | null;
}

/** The far end of one server port's cable. */
@Entity({ name: 'cabling' })
export class CablingEntity {
  @PrimaryColumn({ type: 'text', name: 'server_id' })
  serverId!: string;

  @PrimaryColumn({ type: 'text' })
  port!: string;

  @Column({ type: 'text' })
  device!: string;

  @Column({ type: 'text', name: 'device_port' })
  devicePort!: string;

  @Column({ type: 'text' })
  source!: 'declared' | 'lldp' | 'mac-table' | 'fabric-login';

  @Column({ type: 'float8' })
  confidence!: number;

  @Column({ type: 'timestamptz' })
  at!: Date;
}
