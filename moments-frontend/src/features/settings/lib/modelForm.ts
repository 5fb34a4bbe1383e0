import type { ModelBody, ModelOut } from "@/api/types";

/** A model's entry as text fields hold it. */
export interface ModelForm {
  key: string;
  kind: string;
  transport: string;
  model_name: string;
  base_url: string;
  ssh_host: string;
  ssh_user: string;
  remote_host: string;
  remote_port: string;
  api_key_env: string;
  context_tokens: string;
  max_concurrency: string;
  supports_video: boolean;
}

export const EMPTY_MODEL: ModelForm = {
  key: "",
  kind: "chat",
  transport: "direct",
  model_name: "",
  base_url: "",
  ssh_host: "",
  ssh_user: "",
  remote_host: "",
  remote_port: "",
  api_key_env: "",
  context_tokens: "32768",
  max_concurrency: "2",
  supports_video: false,
};

export function toForm(model: ModelOut): ModelForm {
  return {
    key: model.key,
    kind: model.kind,
    transport: model.transport,
    model_name: model.model_name ?? "",
    base_url: model.base_url ?? "",
    ssh_host: model.ssh_host ?? "",
    ssh_user: model.ssh_user ?? "",
    remote_host: model.remote_host ?? "",
    remote_port: model.remote_port?.toString() ?? "",
    api_key_env: model.api_key_env ?? "",
    context_tokens: model.context_tokens.toString(),
    max_concurrency: model.max_concurrency.toString(),
    supports_video: model.supports_video,
  };
}

const OPTIONAL = ["model_name", "base_url", "ssh_host", "ssh_user", "remote_host", "api_key_env"] as const;
/** What the server fills in, and what only it knows. */
const SERVERS_OWN = new Set(["configured", "default_for"]);

/** The request's body: what the form does not show stays as it was. */
export function bodyOf(form: ModelForm, before: ModelOut | null): ModelBody {
  // What another kind of service listens to is of no use to this one.
  const endpoint = before?.kind === form.kind ? {} : { endpoint: form.kind === "asr" ? "/transcribe" : "/v1/chat/completions" };
  const kept = Object.entries({ ...before, ...endpoint }).filter(([name]) => !SERVERS_OWN.has(name));
  return {
    ...Object.fromEntries(kept),
    key: form.key.trim(),
    kind: form.kind,
    transport: form.transport,
    ...Object.fromEntries(OPTIONAL.map((name) => [name, form[name].trim() === "" ? null : form[name].trim()])),
    remote_port: form.remote_port === "" ? null : Number(form.remote_port),
    context_tokens: Number(form.context_tokens),
    max_concurrency: Number(form.max_concurrency),
    supports_video: form.kind === "chat" && form.supports_video,
  } as ModelBody;
}
