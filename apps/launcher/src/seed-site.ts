/** What the seeding may use. */
export interface SeedContext {
  readonly address: string;
  readonly adminPassword: string;
  readonly projectRoot: string;
}

/**
 * Called once for a new data folder, when everything is ready and before the address is printed: signs in to the API as
 * the first administrator and describes the example site to it, so that there is something to look at. Answers what it
 * did in one line for the user. Being called again after a start that broke off must do no harm.
 */
export type SeedSite = (context: SeedContext) => Promise<string | undefined>;

/** Until the API takes documents there is nothing to seed through. */
export const seedSite: SeedSite = () => Promise.resolve(undefined);
