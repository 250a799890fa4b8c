import { Injectable } from '@nestjs/common';
import type { BootScriptStore } from '@rackwright/driver-ipxe';
import { Database } from '@rackwright/persistence';

/** Boot scripts as rows: the next boot gets what is committed. */
@Injectable()
export class BootScripts implements BootScriptStore {
  constructor(private readonly database: Database) {}

  async read(serverKey: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ script: string }>(
      'SELECT script FROM boot_scripts WHERE server_key = $1',
      [serverKey],
    );
    return row?.script;
  }

  async write(serverKey: string, script: string): Promise<void> {
    await this.database.query(
      `INSERT INTO boot_scripts (server_key, script) VALUES ($1, $2)
       ON CONFLICT (server_key) DO UPDATE SET script = $2, written_at = now()`,
      [serverKey, script],
    );
  }

  async remove(serverKey: string): Promise<void> {
    await this.database.query('DELETE FROM boot_scripts WHERE server_key = $1', [serverKey]);
  }
}
