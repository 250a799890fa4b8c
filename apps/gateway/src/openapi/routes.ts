import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ACCESS, type Access } from '../access/access.guard.js';
import { DESCRIPTION, type RouteDescription } from './describes.js';

/** A route as its decorators declare it. */
export interface Route {
  readonly controller: string;
  readonly handler: string;
  readonly method: string;
  /** `/api/v1/servers/{server}` */
  readonly path: string;
  readonly access: Access | undefined;
  readonly description: RouteDescription | undefined;
}

/** Every route of the controllers, from their decorators alone: nothing has to run for it. */
export function routesOf(controllers: readonly Type[]): Route[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, unknown>;
    const base = String(Reflect.getMetadata(PATH_METADATA, controller));
    return Object.getOwnPropertyNames(prototype).flatMap((handler): Route[] => {
      const method = prototype[handler];
      if (typeof method !== 'function') return [];
      const verb = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
      if (verb === undefined) return [];
      const path = [base, String(Reflect.getMetadata(PATH_METADATA, method))].map((part) =>
        part.replace(/^\/|\/$/g, ''),
      );
      return [
        {
          controller: controller.name,
          handler,
          method: RequestMethod[verb].toLowerCase(),
          path: `/${path.filter((part) => part !== '').join('/')}`.replace(/:([a-zA-Z]+)/g, '{$1}'),
          access: Reflect.getMetadata(ACCESS, method) as Access | undefined,
          description: Reflect.getMetadata(DESCRIPTION, method) as RouteDescription | undefined,
        },
      ];
    });
  });
}
