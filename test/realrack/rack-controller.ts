import type { BootScriptSource } from './rack/boot-relay.js';

export type MachineName = 'a' | 'b';

/** What the profile is, wherever it runs: whoever moves it says so, tools that are not ours check it. */
export interface ProfileIdentity {
  /** MAC of the data port, lower case with colons. */
  readonly mac: string;
  /** MAC of the storage port. */
  readonly storageMac: string;
  readonly iqn: string;
}

/**
 * Who moves the profile: the drivers called one by one, or the product through its API. Every method ends when the work
 * is done as far as Rackwright can tell, and throws when it is not.
 */
export interface RackController {
  readonly name: string;
  /** Whether a server nobody uses has its ports closed from the beginning, or only around a change. */
  readonly closesPortsAtEnrolment: boolean;
  /** Takes the rack over: every device is known and answers. */
  enrol(): Promise<void>;
  /** Puts the profile on a server that carries nothing, and switches it on. */
  place(server: MachineName): Promise<void>;
  /** Moves it to another server. */
  move(to: MachineName): Promise<void>;
  /** Takes it off its server, which ends off, closed and clean; the LUN is masked from everybody. */
  remove(): Promise<void>;
  identity(): Promise<ProfileIdentity>;
  /** What the product serves to a machine that asks how to boot. */
  readonly bootScripts: BootScriptSource;
  close(): Promise<void>;
}
