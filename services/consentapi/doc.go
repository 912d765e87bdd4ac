// Package consentapi takes in what people decide, and gives them their proof: decisions, confirmations, links to unsubscribe, STOP, the
// signal of a browser, histories and receipts. It shows the register of purposes to everybody.
//
// Deny fast, grant durable: a denial stands in Redis before its caller gets the answer, and lies in a journal on disk until Kafka has it, so
// that neither Kafka nor a crash between the two takes it away. A grant counts once Kafka has it. Without proof only a denial is accepted.
// What is not known is denied: with Redis away no grant is confirmed and nothing is told of anybody.
//
// On the preference centre people choose, and, logged in, see what is known of them, keep it as a file and have it erased. A link is about its point
// alone. No page tells the value of a point: points are named by a hint, and the file gives those that the log-in proves.
package consentapi
