import { z } from 'zod';
import { defineCommand } from './define.js';
import { runId, serverId } from './schemas.js';

const service = 'failover' as const;

/** Manual fencing: the failover service asks the coordinator for a fence run. Automatic failover builds on it later. */
export const requestFence = defineCommand({
  service,
  name: 'request-fence',
  summary: 'Fences a server by hand: off, cut, cleared, quarantined.',
  input: z.strictObject({ serverId, reason: z.string().min(1).max(500), actor: z.string().max(200) }),
  result: z.strictObject({ runId }),
  refusals: { 'plan-blocked': 'the server cannot be fenced now; details say why', 'unknown-server': 'no such server' },
});
