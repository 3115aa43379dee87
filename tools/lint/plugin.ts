/**
 * The lint rules of this repository.
 *
 * @module
 */

const plugin: Deno.lint.Plugin = { name: "warmsite", rules: {} };

export default plugin;
