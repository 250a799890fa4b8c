/** A value of type `T` that only its own maker function may produce. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
