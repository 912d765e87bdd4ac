package warehouse

// Access is what a user of ClickHouse may do, as data: the embedded engine gets it in its users file, a server by
// deploy/clickhouse/roles.sql.
type Access struct {
	// User is the name of the user, or of the role on a server.
	User string
	// Grants are whole GRANT statements without a grantee.
	Grants []string
	// Settings are the values of the settings profile.
	Settings map[string]string
	// Fixed names the settings that the user cannot change.
	Fixed []string
	// AtMost gives the largest value that the user can give a setting.
	AtMost map[string]string
}

// Analyst is the user of `rcu sql --as analyst`.
const Analyst = "analyst"

// AnalystViews are the views that an analyst sees: no personal value, no identifier.
func AnalystViews() []string {
	return []string{"customer_360", "customer_timeline", "identity_quality", "orders_by_channel", "sends_without_permission", "suppressed_topics"}
}

// AnalystGrants is the access of analysts to the views of one database: no table, no dictionary, no function that reads files or
// other servers. `apply_deleted_mask` is fixed, because switching it off shows rows that were deleted.
func AnalystGrants(database string) Access {
	a := Access{
		User: Analyst,
		Settings: map[string]string{
			"readonly": "2", "apply_deleted_mask": "1", "max_execution_time": "60", "max_result_rows": "1000000",
			"max_memory_usage": "2000000000", "max_concurrent_queries_for_user": "8",
		},
		Fixed:  []string{"readonly", "apply_deleted_mask", "max_concurrent_queries_for_user"},
		AtMost: map[string]string{"max_execution_time": "300", "max_result_rows": "1000000", "max_memory_usage": "2000000000"},
	}
	for _, v := range AnalystViews() {
		a.Grants = append(a.Grants, "GRANT SELECT ON "+database+"."+v)
	}
	return a
}
