package formats

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// punctuation has the characters that look like those of a URL and that NFKC keeps apart from them.
var punctuation = strings.NewReplacer(
	"\u3002", ".", "\u06d4", ".", "\u0701", ".", "\u0702", ".", "\ua4f8", ".", "\ua60e", ".", "\u2027", ".", "\u00b7", ".", "\u2022", ".",
	"\ua789", ":", "\u2236", ":", "\u02d0", ":",
	"\u2044", "/", "\u2215", "/", "\u29f8", "/")

// asSeen returns a text as a reader sees it: compatible characters are the same, and invisible ones are left
// out.
func asSeen(text string) string {
	if isASCII(text) {
		return text
	}
	visible := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	return punctuation.Replace(visible)
}

// latinLetters are the letters of other alphabets that look like Latin ones, each before its Latin letter.
var latinLetters = strings.NewReplacer(strings.Split(strings.Join(strings.Fields(`
	аa еe оo рp сc уy хx іi јj ѕs ԁd һh ӏl ԛq ԝw ѵv кk мm тt вb нh АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS
	οo αa νv ρp τt ιi κk υu χx ϲc ϳj ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX
	ıi ɑa ɡg ɩi ʟl օo ոn ѡw`), ""), "")...)

// asLatin returns a text in which the words that look Latin are in Latin letters.
func asLatin(text string) string {
	if isASCII(text) {
		return text
	}
	words := strings.Split(text, " ")
	for i, word := range words {
		if latin := latinLetters.Replace(word); isASCII(latin) {
			words[i] = latin
		}
	}
	return strings.Join(words, " ")
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
