package demo

import (
	"encoding/json"
	"time"
)

// The JSON of an event, as the contracts of schemas/channel have it.
type (
	envelope struct {
		ID          string            `json:"id"`
		Type        string            `json:"type"`
		OccurredAt  string            `json:"occurred_at"`
		SentAt      string            `json:"sent_at,omitempty"`
		Identifiers []identifier      `json:"identifiers,omitempty"`
		Traits      map[string]string `json:"traits,omitempty"`
		Consent     []decision        `json:"consent,omitempty"`
		Data        any               `json:"data,omitempty"`
	}
	identifier struct {
		Namespace string `json:"namespace"`
		Value     string `json:"value"`
		Proved    bool   `json:"proved,omitempty"`
		Scope     string `json:"scope,omitempty"`
	}
	point struct {
		Namespace string `json:"namespace"`
		Value     string `json:"value"`
	}
	notice struct {
		ID       string `json:"id"`
		Version  string `json:"version"`
		Language string `json:"language"`
	}
	decision struct {
		Point     point   `json:"point"`
		Purpose   string  `json:"purpose"`
		Channel   string  `json:"channel,omitempty"`
		Decision  string  `json:"decision"`
		Act       string  `json:"act,omitempty"`
		Method    string  `json:"method,omitempty"`
		DecidedAt string  `json:"decided_at,omitempty"`
		Notice    *notice `json:"notice,omitempty"`
	}
	money struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	line struct {
		SKU       string `json:"sku"`
		Category  string `json:"category"`
		Quantity  int64  `json:"quantity"`
		UnitPrice int64  `json:"unit_price"`
		Amount    int64  `json:"amount"`
	}
	piece struct {
		SKU    string `json:"sku"`
		Number int    `json:"number"`
		State  string `json:"state"`
	}
	otherPerson struct {
		GivenName  string `json:"given_name"`
		FamilyName string `json:"family_name"`
		City       string `json:"city"`
	}
	goods struct {
		Total        *money       `json:"total,omitempty"`
		Lines        []line       `json:"lines,omitempty"`
		State        string       `json:"state,omitempty"`
		Fulfilment   string       `json:"fulfilment,omitempty"`
		CollectStore string       `json:"collect_store,omitempty"`
		Reason       string       `json:"reason,omitempty"`
		Recipient    *otherPerson `json:"recipient,omitempty"`
	}
	orderState struct {
		State  string  `json:"state"`
		Store  string  `json:"store,omitempty"`
		Pieces []piece `json:"pieces,omitempty"`
	}
	call struct {
		Duration int64  `json:"duration_seconds"`
		Wait     int64  `json:"wait_seconds"`
		Outcome  string `json:"outcome"`
		Topic    string `json:"topic"`
	}
	plainData map[string]any
)

// Event is one event as its source sends it, with the truth kept apart.
type Event struct {
	Channel, Source, ID, Type string
	JSON                      []byte
	At                        time.Time // when the source sends it
	Person                    int       // whom it is about: a number of the population, -1 for nobody known
}

func encode(e envelope) []byte {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil // the types above always encode
	}
	return raw
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }
