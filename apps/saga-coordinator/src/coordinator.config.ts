import type { CrashPoints } from '@rackwright/saga';
import { parseConfig } from '@rackwright/service-host';
import { z } from 'zod';

const schema = z.object({
  RACKWRIGHT_CRASH_AT: z
    .string()
    .regex(
      /^[a-z-]+:[a-z-]+(:[a-z0-9-]+)?(#[1-9][0-9]{0,5})?$/,
      'must be a crash point such as after-append:step-done#2',
    )
    .optional(),
});

export interface CoordinatorConfig {
  /** For tests in one process: told of every crash point instead. */
  readonly crashPoints?: CrashPoints | undefined;
  /** For tests of recovery: the process kills itself when it passes this point for the n-th time (`point#n`). */
  readonly crashAt?: string | undefined;
}

export function readCoordinatorConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CoordinatorConfig {
  return { crashAt: parseConfig(schema, environment).RACKWRIGHT_CRASH_AT };
}
