import type { Placement, Problem } from './plan-world.js';

/** World mark of a plan that found no server: it rests on nothing and never runs. */
export const NO_CANDIDATE = 'no-candidate';
const REASONS_SHOWN = 5;

/** The server a profile is to land on, and why that one; or why none. */
export interface Choice {
  readonly serverId?: string;
  readonly server?: string;
  readonly why: readonly string[];
  readonly rejected: Placement['rejected'];
}

/** The server asked for, whether or not it qualifies (inventory refuses it with reasons); else the best one. Pure. */
export function chooseServer({ candidates, rejected }: Placement, asked: string | undefined): Choice {
  if (asked !== undefined) {
    const found = candidates.find(({ serverId }) => serverId === asked);
    const unfit = rejected.find(({ serverId }) => serverId === asked);
    const server = found?.server ?? unfit?.server;
    return {
      serverId: asked,
      ...(server !== undefined && { server }),
      why: ['asked for by name', ...(found?.why ?? [])],
      rejected: [],
    };
  }
  const [best, ...others] = candidates;
  if (!best) return { why: [], rejected };
  const ofHow = others.length === 0 ? 'the only one that qualifies' : `the best of ${candidates.length} that qualify`;
  return {
    serverId: best.serverId,
    server: best.server,
    why: [`${best.server} is ${ofHow} (${rejected.length} do not)`, ...best.why],
    rejected,
  };
}

/** Why no server qualifies: the most frequent reasons first, each with how many servers it keeps out. Pure. */
export function noCandidateProblem({ rejected }: Choice): Problem {
  if (rejected.length === 0) return { code: NO_CANDIDATE, message: 'there is no server to choose from' };
  const counts = new Map<string, { count: number; message: string }>();
  for (const { reasons } of rejected) {
    for (const { code, message } of reasons) {
      const known = counts.get(code) ?? { count: 0, message };
      known.count += 1;
      counts.set(code, known);
    }
  }
  const lines = [...counts.entries()]
    .sort(([, left], [, right]) => right.count - left.count)
    .slice(0, REASONS_SHOWN)
    .map(([code, { count, message }]) => `${count} × ${code} (such as: ${message})`);
  return {
    code: NO_CANDIDATE,
    message: `none of ${rejected.length} servers qualifies: ${lines.join('; ')}`,
  };
}
