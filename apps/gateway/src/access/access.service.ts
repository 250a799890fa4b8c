import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { IdFactory, type Clock, type RandomSource } from '@rackwright/kernel';
import type { Logger } from '@rackwright/observability';
import { Database } from '@rackwright/persistence';
import { CLOCK, LOGGER, RANDOM } from '@rackwright/service-host';
import type { GatewayConfig } from '../gateway.config.js';
import { GATEWAY_CONFIG } from '../gateway.tokens.js';
import { Problem } from '../http/problem.js';
import { LoginAttempts } from './login-attempts.js';
import type { Role } from './roles.js';
import { hashPassword, hashToken, newToken, verifyPassword } from './secrets.js';

export interface NewSession {
  readonly token: string;
  readonly expiresAt: string;
  readonly user: { readonly name: string; readonly role: Role };
}

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  created_by: string;
  created_at: Date;
  expires_at: Date | null;
}

/** Users, sessions and API tokens. */
@Injectable()
export class AccessService implements OnModuleInit {
  private decoyHash = '';

  constructor(
    private readonly database: Database,
    private readonly attempts: LoginAttempts,
    private readonly ids: IdFactory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomSource,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /** Makes the first administrator when there is nobody yet; later starts leave users alone. */
  async onModuleInit(): Promise<void> {
    this.decoyHash = await hashPassword('nobody has this password', this.random);
    const { adminPassword } = this.config;
    const [anybody] = await this.database.query('SELECT 1 FROM users LIMIT 1');
    if (anybody !== undefined) return;
    if (adminPassword === undefined) {
      this.logger.warn({}, 'there is no user yet: start once with RACKWRIGHT_ADMIN_PASSWORD to make the administrator');
      return;
    }
    await this.database.query(
      `INSERT INTO users (id, username, role, password_hash, created_at) VALUES ($1, 'admin', 'administrator', $2, $3) ON CONFLICT DO NOTHING`,
      [this.ids.newId('user'), await hashPassword(adminPassword, this.random), this.clock.now()],
    );
    this.logger.info({ event: 'administrator-created' }, 'made the first administrator: admin');
  }

  /** @throws Problem 401 `wrong-credentials` (the same for an unknown user), 429 after too many failures. */
  async signIn(username: string, password: string, address: string): Promise<NewSession> {
    await this.attempts.begin(username, address);
    const [user] = await this.database.query<{ id: string; username: string; role: Role; password_hash: string }>(
      'SELECT id, username, role, password_hash FROM users WHERE username = $1',
      [username],
    );
    const isRight = await verifyPassword(password, user?.password_hash ?? this.decoyHash);
    if (user === undefined || !isRight) throw new Problem(401, 'wrong-credentials', 'user name or password is wrong');
    await this.attempts.succeed(username, address);
    const token = newToken('rws', this.random);
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + this.config.sessionMs);
    await this.database.query('DELETE FROM sessions WHERE expires_at <= $1', [now]);
    await this.database.query(
      'INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)',
      [hashToken(token), user.id, now, expiresAt],
    );
    return { token, expiresAt: expiresAt.toISOString(), user: { name: user.username, role: user.role } };
  }

  /** Ends a session; ending it twice is harmless. */
  async signOut(tokenHash: string): Promise<void> {
    await this.database.query('DELETE FROM sessions WHERE token_hash = $1', [tokenHash]);
  }

  /** The only time the token is seen. @throws Problem 409 `token-name-taken` */
  async makeToken(wanted: { name: string; role: Role; expiresAt?: string | undefined }, actor: string) {
    const token = newToken('rwt', this.random);
    const expiresAt = wanted.expiresAt === undefined ? null : new Date(wanted.expiresAt);
    if (expiresAt !== null && expiresAt <= this.clock.now())
      throw new Problem(422, 'invalid-request', 'expiresAt has passed already');
    const [row] = await this.database.query<TokenRow>(
      `INSERT INTO tokens (id, name, role, token_hash, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (name) DO NOTHING RETURNING id, name, role, created_by, created_at, expires_at`,
      [this.ids.newId('token'), wanted.name, wanted.role, hashToken(token), actor, this.clock.now(), expiresAt],
    );
    if (row === undefined) throw new Problem(409, 'token-name-taken', `there is a token ${wanted.name} already`);
    return { ...tokenView(row), token };
  }

  async listTokens() {
    const rows = await this.database.query<TokenRow>(
      'SELECT id, name, role, created_by, created_at, expires_at FROM tokens ORDER BY name',
    );
    return rows.map(tokenView);
  }

  /** @throws Problem 404 `unknown-token` */
  async deleteToken(id: string): Promise<void> {
    const gone = await this.database.query('DELETE FROM tokens WHERE id = $1 OR name = $1 RETURNING 1', [id]);
    if (gone.length === 0) throw new Problem(404, 'unknown-token', `there is no token ${id}`);
  }
}

function tokenView(row: TokenRow) {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    ...(row.expires_at !== null && { expiresAt: row.expires_at.toISOString() }),
  };
}
