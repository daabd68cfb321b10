package db

// Constraint is the name of a constraint that code refers to. TestConstraints compares this list with the
// database and the code.
type Constraint string

// The constraints that code refers to, by their names in the migrations.
const (
	UsersGoogleSubjectKey         Constraint = "users_google_subject_key"
	ClientsCompanyIDFkey          Constraint = "clients_company_id_fkey"
	SessionsApplicationIDFkey     Constraint = "sessions_application_id_fkey"
	LinksUserKindKey              Constraint = "links_user_kind_key"
	LinksUserIDFkey               Constraint = "links_user_id_fkey"
	LinksApplicationIDFkey        Constraint = "links_application_id_fkey"
	GoogleStatesApplicationIDFkey Constraint = "google_states_application_id_fkey"
)
