import { at, link, list, text, texts } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { JsonObject } from '../transport/safe-json.js';

export interface ResetAction {
  readonly target: string;
  /** Undefined when the device does not say what it allows. */
  readonly allowed: readonly string[] | undefined;
}

/** The system's reset action and what it allows, from the action itself or its ActionInfo (a link, or a bare path on AMI). */
export async function readResetAction(scope: ReadScope, system: JsonObject): Promise<ResetAction | undefined> {
  const action = at(system, 'Actions', '#ComputerSystem.Reset');
  const target = text(at(action, 'target'));
  if (target === undefined) return undefined;
  const inline = texts(at(action, 'ResetType@Redfish.AllowableValues'));
  if (inline.length > 0) return { target, allowed: inline };
  const info = await scope.get(link(at(action, '@Redfish.ActionInfo')));
  const parameter = list(at(info?.body, 'Parameters')).find((item) => at(item, 'Name') === 'ResetType');
  const listed = texts(at(parameter, 'AllowableValues'));
  return { target, allowed: listed.length > 0 ? listed : undefined };
}
