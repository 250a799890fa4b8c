/** Where boot scripts lie and from where they are served; the owning service brings it. Keys are server keys. */
export interface BootScriptStore {
  /** The script as it is served now; undefined when the server has none. */
  read(serverKey: string): Promise<string | undefined>;
  /** Durable when it resolves: the next boot gets this script. */
  write(serverKey: string, script: string): Promise<void>;
  /** Repeat-safe. */
  remove(serverKey: string): Promise<void>;
}

/** Scripts in memory; for tests and tools. */
export class MemoryBootScriptStore implements BootScriptStore {
  readonly scripts = new Map<string, string>();

  read(serverKey: string): Promise<string | undefined> {
    return Promise.resolve(this.scripts.get(serverKey));
  }

  write(serverKey: string, script: string): Promise<void> {
    this.scripts.set(serverKey, script);
    return Promise.resolve();
  }

  remove(serverKey: string): Promise<void> {
    this.scripts.delete(serverKey);
    return Promise.resolve();
  }
}
