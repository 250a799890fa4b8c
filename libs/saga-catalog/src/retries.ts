/**
 * How long and how often steps are tried. Device commands wait inside their service until their deadline, so a second
 * try is a fresh look, not a hammering.
 */
export const QUICK = { deadlineMs: 30_000, retry: { attempts: 4, backoffMs: 300, backoffMaxMs: 5_000 } } as const;
export const DEVICE = { deadlineMs: 120_000, retry: { attempts: 3, backoffMs: 500, backoffMaxMs: 10_000 } } as const;
/** Booting a server, or a power cycle that applies an identity, takes minutes on real machines. */
export const BOOT = { deadlineMs: 900_000, retry: { attempts: 2, backoffMs: 1_000, backoffMaxMs: 10_000 } } as const;
/** Once there is no way back, patience is what is left. */
export const PATIENT = { retry: { attempts: 8, backoffMs: 500, backoffMaxMs: 30_000 } } as const;
