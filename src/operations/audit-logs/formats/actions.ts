/** Classes of OCSF 1.3 for audit events of Devin, with the names of their activities. */
export const OCSF_CLASSES = {
  base: { uid: 0, name: 'Base Event', category: 0, categoryName: 'Uncategorized', activities: {} },
  account: {
    uid: 3001,
    name: 'Account Change',
    category: 3,
    categoryName: 'Identity & Access Management',
    activities: { 1: 'Create', 6: 'Delete' },
  },
  authentication: {
    uid: 3002,
    name: 'Authentication',
    category: 3,
    categoryName: 'Identity & Access Management',
    activities: { 1: 'Logon' },
  },
  entity: {
    uid: 3004,
    name: 'Entity Management',
    category: 3,
    categoryName: 'Identity & Access Management',
    activities: { 1: 'Create', 3: 'Update', 4: 'Delete' },
  },
  access: {
    uid: 3005,
    name: 'User Access Management',
    category: 3,
    categoryName: 'Identity & Access Management',
    activities: { 1: 'Assign Privileges', 2: 'Revoke Privileges' },
  },
  group: {
    uid: 3006,
    name: 'Group Management',
    category: 3,
    categoryName: 'Identity & Access Management',
    activities: { 3: 'Add User', 4: 'Remove User' },
  },
  api: {
    uid: 6003,
    name: 'API Activity',
    category: 6,
    categoryName: 'Application Activity',
    activities: { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' },
  },
} as const satisfies Record<string, OcsfClass>;

/** A class of OCSF. */
export interface OcsfClass {
  readonly uid: number;
  readonly name: string;
  readonly category: number;
  readonly categoryName: string;
  readonly activities: Readonly<Record<number, string>>;
}

/** The short name of a class in the table below. */
export type ClassName = keyof typeof OCSF_CLASSES;

/** `severity_id` of OCSF, and the severity of CEF from 0 to 10. */
export const SEVERITIES = {
  info: { id: 1, name: 'Informational', cef: 1 },
  low: { id: 2, name: 'Low', cef: 3 },
  medium: { id: 3, name: 'Medium', cef: 5 },
  high: { id: 4, name: 'High', cef: 8 },
} as const;

/** How severe an action is, regardless of who acts: granting access is more severe than editing a note. */
type Severity = keyof typeof SEVERITIES;

/** What an action is in OCSF and in ECS. */
export interface Meaning {
  readonly ocsf: ClassName;
  /** `activity_id` of the class; 99 if the class has no name for it. */
  readonly activity: number;
  readonly severity: Severity;
  /** `event.category` of ECS. */
  readonly category: readonly string[];
  /** `event.type` of ECS. */
  readonly type: readonly string[];
}

/** An action that is not in the table, because it is new. Nothing is guessed from its name. */
const UNKNOWN_ACTION: Meaning = {
  ocsf: 'base',
  activity: 99,
  severity: 'info',
  category: ['configuration'],
  type: ['info'],
};

/** Class and activity, severity, category and type of ECS. Several words of ECS are separated by a space. */
type Row = readonly [ocsf: ClassName, activity: number, severity: Severity, category: string, type: string];

/** Every documented action. */
const TABLE: Readonly<Record<string, Row>> = {
  // Who comes in, and who belongs
  login: ['authentication', 1, 'info', 'authentication', 'start'],
  add_enterprise_member: ['account', 1, 'medium', 'iam', 'user creation'],
  delete_member: ['account', 6, 'medium', 'iam', 'user deletion'],
  add_member: ['group', 3, 'low', 'iam', 'user creation'],
  create_join_request: ['api', 1, 'low', 'iam', 'user info'],
  approve_join_request: ['group', 3, 'low', 'iam', 'user creation'],
  automatic_join_event: ['group', 3, 'low', 'iam', 'user creation'],
  reject_join_request: ['api', 99, 'low', 'iam', 'user info'],
  add_group_membership: ['group', 3, 'low', 'iam', 'group creation'],
  update_group_membership: ['group', 99, 'low', 'iam', 'group change'],
  delete_group_membership: ['group', 4, 'low', 'iam', 'group deletion'],

  // Who may do what
  assign_roles: ['access', 1, 'medium', 'iam', 'user change'],
  create_role: ['entity', 1, 'medium', 'iam', 'admin creation'],
  update_role: ['entity', 3, 'medium', 'iam', 'admin change'],
  delete_role: ['entity', 4, 'medium', 'iam', 'admin deletion'],
  create_service_user: ['account', 1, 'medium', 'iam', 'user creation'],
  delete_service_user: ['account', 6, 'medium', 'iam', 'user deletion'],
  assign_service_user_role: ['access', 1, 'medium', 'iam', 'user change'],
  remove_service_user_role: ['access', 2, 'medium', 'iam', 'user change'],
  create_git_permission: ['api', 1, 'medium', 'configuration', 'creation'],
  update_git_permission: ['api', 3, 'medium', 'configuration', 'change'],
  delete_git_permission: ['api', 4, 'low', 'configuration', 'deletion'],

  // Keys
  create_service_api_key: ['api', 1, 'medium', 'iam configuration', 'admin creation'],
  create_org_api_key: ['api', 1, 'medium', 'iam configuration', 'admin creation'],
  create_user_api_key: ['api', 1, 'medium', 'iam configuration', 'admin creation'],
  create_service_user_api_key: ['api', 1, 'medium', 'iam configuration', 'admin creation'],
  create_pat: ['api', 1, 'medium', 'iam configuration', 'admin creation'],
  rotate_service_user_api_key: ['api', 3, 'medium', 'iam configuration', 'admin change'],
  rotate_pat: ['api', 3, 'medium', 'iam configuration', 'admin change'],
  view_org_api_key: ['api', 2, 'medium', 'iam configuration', 'admin access'],
  view_user_api_key: ['api', 2, 'medium', 'iam configuration', 'admin access'],
  revoke_enterprise_api_key: ['api', 4, 'medium', 'iam configuration', 'admin deletion'],
  revoke_service_user_api_key: ['api', 4, 'medium', 'iam configuration', 'admin deletion'],
  revoke_pat: ['api', 4, 'medium', 'iam configuration', 'admin deletion'],
  revoke_all_enterprise_api_keys: ['api', 4, 'high', 'iam configuration', 'admin deletion'],

  // Organizations and settings
  create_org: ['api', 1, 'low', 'configuration', 'creation'],
  update_org: ['api', 3, 'low', 'configuration', 'change'],
  delete_org: ['api', 4, 'high', 'configuration', 'deletion'],
  update_org_settings: ['api', 3, 'medium', 'configuration', 'change'],
  update_enterprise_settings: ['api', 3, 'medium', 'configuration', 'change'],
  update_enterprise_hypervisor_settings: ['api', 3, 'medium', 'configuration', 'change'],
  set_org_group_limits: ['api', 3, 'low', 'configuration', 'change'],

  // Guardrails and approvals
  ai_guardrail_violation: ['api', 99, 'high', 'intrusion_detection', 'info'],
  update_ai_guardrail: ['api', 3, 'medium', 'configuration', 'change'],
  approve_deploy: ['api', 99, 'low', 'api', 'allowed'],
  approve_test_app: ['api', 99, 'low', 'api', 'allowed'],
  permission_response: ['api', 99, 'low', 'api', 'info'],

  // Sessions
  create_session: ['api', 1, 'info', 'api', 'creation'],
  send_message: ['api', 3, 'info', 'api', 'change'],
  sleep_session: ['api', 3, 'info', 'api', 'change'],
  terminate_session: ['api', 4, 'info', 'api', 'end'],
  search_query: ['api', 2, 'info', 'api', 'access'],

  // Secrets and what Devin is told
  create_secret: ['api', 1, 'medium', 'configuration', 'creation'],
  update_secret: ['api', 3, 'medium', 'configuration', 'change'],
  delete_secret: ['api', 4, 'medium', 'configuration', 'deletion'],
  create_knowledge: ['api', 1, 'info', 'configuration', 'creation'],
  edit_knowledge: ['api', 3, 'info', 'configuration', 'change'],
  delete_knowledge: ['api', 4, 'info', 'configuration', 'deletion'],
  create_folder: ['api', 1, 'info', 'configuration', 'creation'],
  update_folder: ['api', 3, 'info', 'configuration', 'change'],
  delete_folder: ['api', 4, 'info', 'configuration', 'deletion'],
  create_playbook: ['api', 1, 'info', 'configuration', 'creation'],
  update_playbook: ['api', 3, 'info', 'configuration', 'change'],
  delete_playbook: ['api', 4, 'info', 'configuration', 'deletion'],
  enable_persona: ['api', 3, 'low', 'configuration', 'change'],
  disable_persona: ['api', 3, 'low', 'configuration', 'change'],
  delete_persona: ['api', 4, 'low', 'configuration', 'deletion'],

  // Integrations
  create_github_integration: ['api', 1, 'medium', 'configuration', 'creation'],
  refresh_github_integration: ['api', 3, 'low', 'configuration', 'change'],
  delete_github_integration: ['api', 4, 'medium', 'configuration', 'deletion'],
  github_integration_deleted: ['api', 4, 'medium', 'configuration', 'deletion'],
  create_gitlab_integration: ['api', 1, 'medium', 'configuration', 'creation'],
  update_gitlab_integration: ['api', 3, 'medium', 'configuration', 'change'],
  reconnect_gitlab_integration: ['api', 3, 'low', 'configuration', 'change'],
  delete_gitlab_integration: ['api', 4, 'medium', 'configuration', 'deletion'],
  create_azure_devops_integration: ['api', 1, 'medium', 'configuration', 'creation'],
  reconnect_azure_devops_integration: ['api', 3, 'low', 'configuration', 'change'],
  delete_azure_devops_integration: ['api', 4, 'medium', 'configuration', 'deletion'],
  create_bitbucket_integration: ['api', 1, 'medium', 'configuration', 'creation'],
  delete_bitbucket_integration: ['api', 4, 'medium', 'configuration', 'deletion'],
  mcp_server_install: ['api', 1, 'medium', 'configuration', 'creation'],
  mcp_server_enable: ['api', 3, 'medium', 'configuration', 'change'],
  mcp_server_disable: ['api', 3, 'low', 'configuration', 'change'],
  mcp_server_delete: ['api', 4, 'low', 'configuration', 'deletion'],
  create_mcp_validation_session: ['api', 1, 'info', 'api', 'creation'],

  // Repositories and machines
  remove_repo_from_devin: ['api', 4, 'low', 'configuration', 'deletion'],
  start_repo_setup: ['api', 1, 'info', 'configuration', 'creation'],
  finish_repo_setup: ['api', 3, 'info', 'configuration', 'change'],
  delete_repo_setup: ['api', 4, 'info', 'configuration', 'deletion'],
  update_repo_setup_steering_knowledge: ['api', 3, 'info', 'configuration', 'change'],
  delete_repo_setup_steering_knowledge: ['api', 4, 'info', 'configuration', 'deletion'],
  create_maintenance_task: ['api', 1, 'low', 'configuration', 'creation'],
  update_maintenance_task: ['api', 3, 'low', 'configuration', 'change'],
  delete_maintenance_task: ['api', 4, 'low', 'configuration', 'deletion'],
  create_snapshot_script: ['api', 1, 'low', 'configuration', 'creation'],
  schedule_snapshot_script: ['api', 3, 'low', 'configuration', 'change'],
  execute_snapshot_script: ['api', 99, 'low', 'api', 'start'],
};

/** What each documented action means. */
export const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries(TABLE).map(([action, [ocsf, activity, severity, category, type]]) => [
    action,
    { ocsf, activity, severity, category: category.split(' '), type: type.split(' ') },
  ]),
);

/** What an action means, even if it is unknown. */
export const meaningOf = (action: string): Meaning => MEANINGS.get(action) ?? UNKNOWN_ACTION;
