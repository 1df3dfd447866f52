export function ApiView() { return null; }
