import type { ProfileDefinition } from '@rackwright/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'server_pools' })
export class ServerPoolEntity {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'jsonb' })
  qualification!: Omit<ProfileDefinition['qualification'], 'pool'>;
}
