import { AppError } from '@rackwright/kernel';
import { z } from 'zod';

/**
 * Reads environment variables through a schema whose keys are the variables' names. An empty variable counts as unset.
 *
 * @throws AppError `config.invalid` that names every wrong variable and what is expected of it, never its value: it may
 * be a secret.
 */
export function parseConfig<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<Schema> {
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, environment[name] || undefined]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'configuration');
    const isMissing = given[name] === undefined && issue.code === 'invalid_type';
    return { name, problem: isMissing ? 'is not set' : issue.message };
  });
  const list = problems.map(({ name, problem }) => `${name} ${problem}`).join('; ');
  throw new AppError('config.invalid', `the configuration is not complete: ${list}`, { details: { problems } });
}

/** A whole number in a variable. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
}

/** A TCP port; 0 lets the system choose. */
export const port = wholeNumber(0, 65_535);

/** A URL with one of the given schemes. */
export function urlOf(...schemes: readonly string[]) {
  const message = `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), message);
}
