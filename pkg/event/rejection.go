package event

// Reason is the stable code of a rejection: a label of metrics, a field of answers and dead letters.
type Reason string

// Reasons that the bytes themselves give.
const (
	ReasonEmpty        Reason = "empty"
	ReasonTooLarge     Reason = "too_large"
	ReasonInvalidJSON  Reason = "invalid_json"
	ReasonInvalidUTF8  Reason = "invalid_utf8"
	ReasonNUL          Reason = "nul_character"
	ReasonDuplicateKey Reason = "duplicate_key"
	ReasonNumberRange  Reason = "number_out_of_range"
	ReasonTooDeep      Reason = "too_deep"
	ReasonTrailing     Reason = "trailing_bytes"
)

// Reasons that the schema of the type gives.
const (
	ReasonRequired  Reason = "required"
	ReasonWrongType Reason = "wrong_type"
	ReasonNotListed Reason = "not_listed"
	ReasonTooShort  Reason = "too_short"
	ReasonTooLong   Reason = "too_long"
	ReasonTooFew    Reason = "too_few"
	ReasonTooMany   Reason = "too_many"
	ReasonTooSmall  Reason = "too_small"
	ReasonTooBig    Reason = "too_big"
	ReasonBadForm   Reason = "bad_form"
)

// Reasons that no schema can state.
const (
	ReasonUnknownType    Reason = "unknown_type"
	ReasonOtherChannel   Reason = "other_channel"
	ReasonBefore2000     Reason = "before_2000"
	ReasonInFuture       Reason = "in_future"
	ReasonCardNumber     Reason = "card_number"
	ReasonIBAN           Reason = "iban"
	ReasonNotIdentifier  Reason = "not_an_identifier"
	ReasonNoCurrency     Reason = "no_currency"
	ReasonNoNotice       Reason = "notice_required"
	ReasonNoticeSilent   Reason = "notice_of_another_purpose" // of a grant that counts as not given, never of a rejection
	ReasonNoChannel      Reason = "channel_required"
	ReasonChannelUnknown Reason = "channel_not_of_purpose"
	ReasonBehaviour      Reason = "behaviour_cannot_be_retracted"
)

// Rejection says why an event was refused. It never holds a value that the source sent, but for its ID and Redacted.
type Rejection struct {
	ID     string // the source's id where it could be read: for the answer, never for a log
	Type   string // a type of the product, or empty
	Field  string // JSON pointer; "" is the whole event; names that are no field of the product stand as "*"
	Reason Reason
	Fix    string // a sentence that says what to send instead

	// Redacted is the body for the dead letter: the bytes as sent, payment card numbers and IBANs replaced.
	Redacted []byte
}
