package event

// The field names that this package reads, numbered; names of the schema files that it does not read follow.
const (
	nNone uint16 = iota
	nID
	nType
	nVersion
	nOccurredAt
	nSentAt
	nIdentifiers
	nTraits
	nConsent
	nData
	nNamespace
	nValue
	nProved
	nScope
	nPoint
	nPurpose
	nChannel
	nDecision
	nMethod
	nAct
	nDecidedAt
	nExpiresAt
	nNotice
	nLanguage
	nTotal
	nAmount
	nCurrency
	nLines
	nSKU
	nCategory
	nQuantity
	nUnitPrice
	nBeneficiary
	nRecipient
	nGuest
	nReason
	nProgramme
	nTier
	nOld
	nNew
	nPath
	nKind
	nState
	nFulfilment
	nCollectStore
	nAppVersion
	nName
	nDurationSeconds
	nWaitSeconds
	nOutcome
	nTopic
	nOutbound
	nPriority
	nResolution
	nStore
	nPieces
	nNumber
	nBalances
	nMerged
	nFormer
	nInto
	nTraitDates
	nGivenName
	nFamilyName
	nTitle
	nBirthDate
	nAddressLine
	nPostalCode
	nCity
	nRegion
	nCountry
	nLoyaltyTier
	nEmail
	nPhone
	nSignals
	nTCF
	nGPC
	nSoftOptIn
	nFamily
	nSoldAt
)

var readNames = [...]string{
	nID:              "id",
	nType:            "type",
	nVersion:         "version",
	nOccurredAt:      "occurred_at",
	nSentAt:          "sent_at",
	nIdentifiers:     "identifiers",
	nTraits:          "traits",
	nConsent:         "consent",
	nData:            "data",
	nNamespace:       "namespace",
	nValue:           "value",
	nProved:          "proved",
	nScope:           "scope",
	nPoint:           "point",
	nPurpose:         "purpose",
	nChannel:         "channel",
	nDecision:        "decision",
	nMethod:          "method",
	nAct:             "act",
	nDecidedAt:       "decided_at",
	nExpiresAt:       "expires_at",
	nNotice:          "notice",
	nLanguage:        "language",
	nTotal:           "total",
	nAmount:          "amount",
	nCurrency:        "currency",
	nLines:           "lines",
	nSKU:             "sku",
	nCategory:        "category",
	nQuantity:        "quantity",
	nUnitPrice:       "unit_price",
	nBeneficiary:     "beneficiary",
	nRecipient:       "recipient",
	nGuest:           "guest",
	nReason:          "reason",
	nProgramme:       "programme",
	nTier:            "tier",
	nOld:             "old",
	nNew:             "new",
	nPath:            "path",
	nKind:            "kind",
	nState:           "state",
	nFulfilment:      "fulfilment",
	nCollectStore:    "collect_store",
	nAppVersion:      "app_version",
	nName:            "name",
	nDurationSeconds: "duration_seconds",
	nWaitSeconds:     "wait_seconds",
	nOutcome:         "outcome",
	nTopic:           "topic",
	nOutbound:        "outbound",
	nPriority:        "priority",
	nResolution:      "resolution",
	nStore:           "store",
	nPieces:          "pieces",
	nNumber:          "number",
	nBalances:        "balances",
	nMerged:          "merged",
	nFormer:          "former",
	nInto:            "into",
	nTraitDates:      "trait_dates",
	nGivenName:       "given_name",
	nFamilyName:      "family_name",
	nTitle:           "title",
	nBirthDate:       "birth_date",
	nAddressLine:     "address_line",
	nPostalCode:      "postal_code",
	nCity:            "city",
	nRegion:          "region",
	nCountry:         "country",
	nLoyaltyTier:     "loyalty_tier",
	nEmail:           "email",
	nPhone:           "phone",
	nSignals:         "signals",
	nTCF:             "tcf",
	nGPC:             "gpc",
	nSoftOptIn:       "soft_optin",
	nFamily:          "family",
	nSoldAt:          "sold_at",
}

// names numbers the field names of all contracts; 0 is a name of none.
type names struct {
	ids   map[string]uint16
	texts []string
}

func newNames() *names {
	n := &names{ids: map[string]uint16{}, texts: []string{unnamed}}
	for _, name := range readNames[1:] {
		n.add(name)
	}
	return n
}

func (n *names) add(name string) uint16 {
	if id, ok := n.ids[name]; ok {
		return id
	}
	id := uint16(len(n.texts)) //nolint:gosec // the names of the contracts: maxNames
	n.ids[name] = id
	n.texts = append(n.texts, name)
	return id
}

// maxNames is how many field names the contracts may have: the scanner keeps a set of them on its stack.
const maxNames = 256
