import type { ProfileDefinition } from '@rackwright/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A server profile and the server it is on. */
@Entity({ name: 'profiles' })
export class ProfileEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'jsonb' })
  definition!: ProfileDefinition;

  @Column({ type: 'text' })
  uuid!: string;

  /** `draft` until all its identities are reserved. */
  @Column({ type: 'text' })
  state!: 'draft' | 'ready';

  @Column({ type: 'int' })
  epoch!: number;

  @Column({ type: 'text', name: 'locked_by', nullable: true })
  lockedBy!: string | null;

  @Column({ type: 'text', name: 'server_id', nullable: true })
  serverId!: string | null;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;
}

/** A server that may carry a profile's identity: noted before the first programming command, cleared on evidence only. */
@Entity({ name: 'former_holders' })
export class FormerHolderEntity {
  @PrimaryColumn({ type: 'text', name: 'profile_id' })
  profileId!: string;

  @PrimaryColumn({ type: 'text', name: 'server_id' })
  serverId!: string;

  @Column({ type: 'text', name: 'saga_id' })
  sagaId!: string;

  @Column({ type: 'timestamptz' })
  since!: Date;
}
